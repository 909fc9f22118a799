#include "app/optimize_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>
#include <string_view>

#include "core/bytes.h"
#include "core/error.h"
#include "core/file.h"
#include "ledger/merkle.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "stevie optimize state 1";
constexpr std::size_t checksum_length = 64;

/// At the end of the file: one changed bit of a reward would otherwise change the proposal unseen.
std::string checksum(std::string_view bytes) {
  return ledger::to_hex(ledger::sha256(bytes));
}

void write_text(ByteWriter& writer, std::string_view text) {
  writer.array<char>(std::span(text.data(), text.size()));
}

std::string read_text(ByteReader& reader) {
  const std::vector<char> text = reader.array<char>();
  return {text.begin(), text.end()};
}

/// "20260304-050607-": how the names of run folders begin.
constexpr std::size_t stamp_length = 16;

/// True for <stamp>-<scenario> and <stamp>-<scenario>-2.
bool is_run_of(const std::string& name, const std::string& scenario) {
  if (name.size() < stamp_length + scenario.size() ||
      name.compare(stamp_length, scenario.size(), scenario) != 0)
    return false;
  const std::string rest = name.substr(stamp_length + scenario.size());
  return rest.empty() ||
         (rest.size() > 1 && rest[0] == '-' &&
          std::all_of(rest.begin() + 1, rest.end(), [](unsigned char c) { return std::isdigit(c) != 0; }));
}

}  // namespace

void write_state(const fs::path& folder, const SavedSession& state) {
  ByteWriter writer;
  write_text(writer, magic);
  write_text(writer, state.session);
  writer.value<std::uint64_t>(state.identity.size());
  for (const auto& [name, value] : state.identity) {
    write_text(writer, name);
    write_text(writer, value);
  }
  writer.value(state.base_version);
  writer.value(state.started);
  writer.value(state.seconds);
  write_text(writer, state.search);
  const std::string bytes = writer.take();
  write_file(folder / state_file, bytes + checksum(bytes));
}

SavedSession read_state(const fs::path& folder) {
  const fs::path path = folder / state_file;
  if (!fs::exists(path))
    throw Error("app.not_resumable", "there is no search to go on with here: leave --resume out",
                path.string());
  if (fs::exists(folder / results_file))
    throw Error("app.session_finished", "this session is finished; report.txt tells what came of it",
                folder.string());
  const std::string file = read_file(path);
  try {
    const std::string_view bytes =
        std::string_view(file).substr(0, file.size() - std::min(file.size(), checksum_length));
    ByteReader reader(bytes);
    if (read_text(reader) != magic)
      throw Error("app.not_resumable", "another version of the program wrote this state: start a new session",
                  path.string());
    if (file.substr(bytes.size()) != checksum(bytes))
      throw Error("bytes.damaged", "the saved state is damaged: start a new session without --resume",
                  path.string());
    SavedSession state;
    state.session = read_text(reader);
    for (auto left = reader.value<std::uint64_t>(); left > 0; --left) {
      std::string name = read_text(reader);
      state.identity.emplace_back(std::move(name), read_text(reader));
    }
    state.base_version = reader.value<std::uint64_t>();
    state.started = reader.value<TimeMs>();
    state.seconds = reader.value<double>();
    state.search = read_text(reader);
    return state;
  } catch (const Error& error) {
    if (!error.place().empty()) throw;
    throw Error(error.code(), error.message(), path.string());
  }
}

std::string scenario_of(const SavedSession& state) {
  for (const auto& [name, value] : state.identity) {
    if (name == "scenario") return value;
  }
  return {};
}

void require_same(const SessionIdentity& saved, const SessionIdentity& now, const fs::path& folder) {
  std::string differing;
  for (std::size_t i = 0; i < std::max(saved.size(), now.size()); ++i) {
    if (i < saved.size() && i < now.size() && saved[i] == now[i]) continue;
    const std::string& name = i < now.size() ? now[i].first : saved[i].first;
    const std::string was = i < saved.size() ? saved[i].second : "nothing";
    const std::string is = i < now.size() ? now[i].second : "nothing";
    differing += fmt::format("{}{} was {} and is {}", differing.empty() ? "" : "; ", name, was, is);
  }
  if (differing.empty()) return;
  throw Error("app.state_differs",
              "the session was started with something else: " + differing +
                  "; give the same again, or start a new session without --resume",
              folder.string());
}

fs::path newest_unfinished(const fs::path& runs, const std::string& scenario) {
  std::optional<fs::path> newest;
  if (fs::is_directory(runs)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(runs)) {
      const fs::path& folder = entry.path();
      const bool unfinished = is_run_of(folder.filename().string(), scenario) &&
                              fs::exists(folder / state_file) && !fs::exists(folder / results_file);
      if (unfinished && (!newest || newest->filename() < folder.filename())) newest = folder;
    }
  }
  if (newest) return *newest;
  throw Error("app.not_resumable",
              fmt::format("there is no unfinished session of {}: leave --resume out", scenario),
              runs.string());
}

std::string session_name(const std::string& scenario, TimeMs now) {
  std::string stamp;  // of "2026-03-04T05:06:07Z"
  for (const char c : format_time(now / second_ms * second_ms)) {
    if (c >= '0' && c <= '9') stamp += c;
    if (c == 'T') stamp += '-';
  }
  return stamp + "-" + scenario;
}

}  // namespace stevie::app
