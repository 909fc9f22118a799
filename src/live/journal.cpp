#include "live/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>

#include "core/error.h"
#include "core/file.h"
#include "ledger/merkle.h"
#include "live/json_text.h"

namespace stevie::live {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view chain_key = ",\"chain\":\"";
constexpr std::size_t hash_digits = 64;
constexpr std::size_t chain_bytes = chain_key.size() + hash_digits + 2;  // with "} at the end
constexpr std::size_t longest_line = std::size_t{8} << 20U;
constexpr std::size_t most_sessions = 1000;  // that are gone back over

const std::string& no_chain() {
  static const std::string zeros(hash_digits, '0');
  return zeros;
}

std::string next_chain(const std::string& chain, std::string_view object) {
  return ledger::to_hex(ledger::sha256(chain + std::string(object)));
}

[[noreturn]] void unwritable(const fs::path& path, int fault) {
  throw Error("live.journal_unwritable",
              fmt::format("the journal cannot be written ({}): make room or give the right to write",
                          std::strerror(fault)),
              path.string());
}

[[noreturn]] void damaged(const std::string& message, const std::string& place) {
  throw Error("live.damaged_journal", message, place);
}

/// The line without its chain, once that is right; moves `chain` on.
std::string checked_line(std::string_view line, std::string& chain, const std::string& place) {
  if (line.size() > longest_line) damaged("this line is longer than any that is written", place);
  if (line.size() < chain_bytes || !line.ends_with("\"}") ||
      line.substr(line.size() - chain_bytes, chain_key.size()) != chain_key)
    damaged("this line has no chain: it is not the end of a line of a journal", place);
  std::string object(line.substr(0, line.size() - chain_bytes));
  object += '}';
  const std::string expected = next_chain(chain, object);
  if (line.substr(line.size() - chain_bytes + chain_key.size(), hash_digits) != expected)
    damaged("this line, or one before it, was changed: its chain does not fit", place);
  chain = expected;
  return object;
}

std::uint64_t part_count(const fs::path& folder) {
  std::uint64_t part = 0;
  while (fs::exists(journal_file(folder, part + 1))) ++part;
  return part;
}

/// Goes over the whole lines of a part; false where `take` wanted no more.
bool read_part(const fs::path& file, bool last, std::string& chain,
               const std::function<bool(std::string_view, const std::string&)>& take) {
  const std::string bytes = read_file(file);
  std::size_t begin = 0;
  for (std::size_t number = 1; begin < bytes.size(); ++number) {
    const std::string place = fmt::format("{}:{}", file.string(), number);
    const std::size_t end = bytes.find('\n', begin);
    if (end == std::string::npos) {
      if (last) return true;
      damaged("this file ends within a line, and another follows it", place);
    }
    const std::string object = checked_line(std::string_view(bytes).substr(begin, end - begin), chain, place);
    if (!take(object, place)) return false;
    begin = end + 1;
  }
  return true;
}

/// The text of a member that stands early in a line of ours; empty where it does not.
std::string_view early_member(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  return at == std::string_view::npos ? std::string_view{} : line.substr(at + key.size());
}

/// The first line of a part, unchecked.
nlohmann::json first_line(const fs::path& file) {
  const std::string bytes = read_file(file);
  const std::size_t end = bytes.find('\n');
  if (end == std::string::npos) damaged("there is no whole line", file.string());
  return parse_object(std::string_view(bytes).substr(0, end), longest_line, "live.damaged_journal",
                      file.string() + ":1");
}

/// A session's name becomes a folder: one name, nothing that leads elsewhere.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

/// This session and those before it, newest first, as far as they can be read.
std::vector<std::string> sessions_back(const fs::path& journals, std::string session) {
  std::vector<std::string> sessions;
  while (is_plain_name(session) && sessions.size() < most_sessions &&
         std::ranges::find(sessions, session) == sessions.end() &&
         fs::exists(journal_file(journals / session, 1))) {
    sessions.push_back(session);
    try {
      const nlohmann::json head = first_line(journal_file(journals / session, 1));
      session = head.contains("resumes") && head["resumes"].is_string() ? head["resumes"].get<std::string>()
                                                                        : std::string();
    } catch (const Error&) {
      break;
    }
  }
  return sessions;
}

/// Adds the decisions of one line to the front of `found`.
void take_decisions(std::string_view line, const std::string& place, std::uint64_t before,
                    std::deque<DecisionRecord>& found) {
  if (!line.starts_with("{\"kind\":\"step\"")) return;
  const RecordPlace at{"live.damaged_journal", place};
  const nlohmann::json json = parse_object(line, longest_line, at.code, place);
  const auto outcome = json.find("outcome"), bars = json.find("bars"), latency = json.find("latency_us");
  if (outcome == json.end() || !outcome->is_object() || bars == json.end() || !bars->is_array() ||
      !outcome->contains("decisions") || !(*outcome)["decisions"].is_array())
    damaged("'bars' or 'outcome' is missing", place);
  std::size_t index = 0;
  for (const nlohmann::json& decision : (*outcome)["decisions"]) {
    DecisionRecord record = parse_decision(decision, at);
    for (const nlohmann::json& bar : *bars) {
      if (bar.is_array() && !bar.empty() && bar[0] == record.symbol)
        record.bar = parse_closed_bar(bar, {record.symbol}, at).bar;
    }
    if (latency != json.end() && latency->is_array() && index < latency->size() &&
        (*latency)[index].is_number())
      record.latency_us = (*latency)[index].get<double>();
    ++index;
    if (record.number < before) found.push_front(std::move(record));
  }
}

}  // namespace

fs::path journal_file(const fs::path& folder, std::uint64_t part) {
  return folder / (part == 1 ? std::string("journal.jsonl") : fmt::format("journal.{}.jsonl", part));
}

JournalWriter::JournalWriter(fs::path folder, std::uint64_t part_bytes)
    : folder_(std::move(folder)), part_bytes_(part_bytes), chain_(no_chain()) {
  mark_.hash = chain_;
  require_writable_folder(folder_);
  open_part();
}

JournalWriter::~JournalWriter() {
  try {
    flush();
  } catch (const Error&) {
    // The ledger says how far the journal counts; what could not be written will happen again.
  }
  if (descriptor_ >= 0) ::close(descriptor_);
}

void JournalWriter::open_part() {
  const fs::path file = journal_file(folder_, mark_.part);
  constexpr mode_t mode = 0644;
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0 && errno == EEXIST)
    throw Error("live.journal_exists", "there is a journal already: give the session another name",
                file.string());
  if (descriptor < 0) unwritable(file, errno);
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
  mark_.bytes = 0;
}

void JournalWriter::write(std::string_view object) {
  chain_ = next_chain(chain_, object);
  buffer_.append(object.substr(0, object.size() - 1));
  buffer_ += chain_key;
  buffer_ += chain_;
  buffer_ += "\"}\n";
}

void JournalWriter::flush(std::size_t least) {
  if (buffer_.size() < least) return;
  if (mark_.bytes >= part_bytes_ && !buffer_.empty()) begin_next_part();
  std::size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t some = ::pwrite(descriptor_, buffer_.data() + written, buffer_.size() - written,
                                  static_cast<off_t>(mark_.bytes + written));
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) {
      const int fault = some < 0 ? errno : ENOSPC;
      // A half-written line must not stay behind the last whole one; the bytes are written again later.
      if (::ftruncate(descriptor_, static_cast<off_t>(mark_.bytes)) != 0) written = 0;
      unwritable(journal_file(folder_, mark_.part), fault);
    }
    written += static_cast<std::size_t>(some);
  }
  mark_.bytes += buffer_.size();
  mark_.hash = chain_;
  buffer_.clear();
}

void JournalWriter::begin_next_part() {
  if (::fdatasync(descriptor_) != 0) unwritable(journal_file(folder_, mark_.part), errno);
  ++mark_.part;
  const std::uint64_t bytes = mark_.bytes;
  try {
    open_part();
  } catch (...) {
    --mark_.part;
    mark_.bytes = bytes;
    throw;
  }
}

JournalMark JournalWriter::sync() {
  flush();
  if (::fdatasync(descriptor_) != 0) unwritable(journal_file(folder_, mark_.part), errno);
  return mark_;
}

void read_journal(const fs::path& folder,
                  const std::function<bool(std::string_view, const std::string&)>& take,
                  std::uint64_t first_part) {
  const std::uint64_t parts = part_count(folder);
  if (parts == 0 || first_part > parts)
    throw Error("live.no_journal",
                "there is no journal.jsonl here: give the folder of a session under runs/live",
                folder.string());
  std::string chain = no_chain();
  for (std::uint64_t part = 1; part <= parts; ++part) {
    const bool wanted = part >= first_part;
    const auto pass = [&](std::string_view line, const std::string& place) {
      return !wanted || take(line, place);
    };
    if (!read_part(journal_file(folder, part), part == parts, chain, pass)) return;
  }
}

void cut_journal(const fs::path& folder, const JournalMark& mark) {
  const fs::path file = journal_file(folder, mark.part);
  const std::string place = file.string();
  if (!fs::exists(file)) damaged("this file, of which the ledger knows, is gone", place);
  const std::string bytes = read_file(file);
  if (bytes.size() < mark.bytes)
    damaged(fmt::format("the ledger knows {} bytes of this file, and {} are there", mark.bytes, bytes.size()),
            place);
  const std::string_view kept = std::string_view(bytes).substr(0, mark.bytes);
  const bool ends_there = mark.bytes > chain_bytes && kept.back() == '\n' &&
                          kept.substr(kept.size() - 3 - hash_digits, hash_digits) == mark.hash;
  if (!ends_there) damaged("this file has another line where the ledger says it ended", place);
  for (std::uint64_t part = part_count(folder); part > mark.part; --part)
    fs::remove(journal_file(folder, part));
  if (bytes.size() > mark.bytes) fs::resize_file(file, mark.bytes);
}

std::vector<DecisionRecord> read_decisions(const fs::path& journals, const std::string& session,
                                           std::uint64_t before, std::size_t count) {
  std::vector<DecisionRecord> newest_first;
  try {
    for (const std::string& name : sessions_back(journals, session)) {
      const fs::path folder = journals / name;
      for (std::uint64_t part = part_count(folder); part >= 1 && newest_first.size() < count; --part) {
        std::deque<DecisionRecord> found;  // newest first
        const std::string bytes = read_file(journal_file(folder, part));
        std::size_t begin = 0;
        for (std::size_t end = bytes.find('\n'); end != std::string::npos;
             begin = end + 1, end = bytes.find('\n', begin)) {
          take_decisions(std::string_view(bytes).substr(begin, end - begin),
                         journal_file(folder, part).string(), before, found);
          if (found.size() > count) found.pop_back();
        }
        for (DecisionRecord& record : found) {
          if (newest_first.size() < count) newest_first.push_back(std::move(record));
        }
      }
      if (newest_first.size() >= count) break;
    }
  } catch (const Error&) {
    // What was found up to the damage is still true.
  }
  return newest_first;
}

namespace {

/// Calls `take` for each line of a step in the journals of a session and of those that it goes on from,
/// oldest first; unchecked.
void read_steps(const fs::path& journals, const std::string& session,
                const std::function<void(std::string_view line)>& take) {
  std::vector<std::string> sessions = sessions_back(journals, session);
  std::ranges::reverse(sessions);
  for (const std::string& name : sessions) {
    for (std::uint64_t part = 1; part <= part_count(journals / name); ++part) {
      const std::string bytes = read_file(journal_file(journals / name, part));
      std::size_t begin = 0;
      for (std::size_t end = bytes.find('\n'); end != std::string::npos;
           begin = end + 1, end = bytes.find('\n', begin)) {
        const std::string_view line = std::string_view(bytes).substr(begin, end - begin);
        if (line.starts_with("{\"kind\":\"step\"")) take(line);
      }
    }
  }
}

}  // namespace

void read_closes(const fs::path& journals, const std::string& session,
                 const std::function<void(const std::string&, TimeMs, double)>& take) {
  constexpr std::size_t close_place = 5;  // [symbol, open time, open, high, low, close, ...]
  read_steps(journals, session, [&](std::string_view line) {
    const std::string_view from = early_member(line, "\"bars\":");
    const std::size_t end = from.find("]]");
    if (end == std::string_view::npos) return;
    const nlohmann::json bars = nlohmann::json::parse(from.substr(0, end + 2), nullptr, false);
    if (!bars.is_array()) return;
    for (const nlohmann::json& bar : bars) {
      const bool sound = bar.is_array() && bar.size() > close_place && bar[0].is_string() &&
                         bar[1].is_number_integer() && bar[close_place].is_number();
      if (sound) take(bar[0].get<std::string>(), bar[1].get<TimeMs>(), bar[close_place].get<double>());
    }
  });
}

}  // namespace stevie::live
