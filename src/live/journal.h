#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/live_records.h"

namespace stevie::live {

/// The journal of one session: everything that went into its decisions and everything that came out, one JSON
/// object a line, in journal.jsonl, journal.2.jsonl, ... docs/live.md gives the lines.
///
/// The last member of each line, "chain", is the SHA-256 (64 hex digits) of the line before's chain and this
/// line without that member, so that a change shows behind it. The ledger's live.step events say how far the
/// journal is the record; what lies behind is cut away on restart, because it will happen again.
class JournalWriter {
 public:
  /// Begins an empty journal in `folder`, which is made. Throws Error "live.journal_exists" where there is
  /// one and "live.journal_unwritable".
  JournalWriter(std::filesystem::path folder, std::uint64_t part_bytes);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// Takes a line, a JSON object; it reaches the file with a later flush() or sync().
  void write(std::string_view object);
  /// Hands what was written to the system where it is more than `least` bytes. Throws Error
  /// "live.journal_unwritable"; nothing is lost then and the next call tries again.
  void flush(std::size_t least = 0);
  /// The same, and onto the disk. Returns where the journal ends.
  JournalMark sync();
  /// Number of decisions so far, which a new file begins with, so that they are found later.
  void set_decisions(std::uint64_t decisions) { decisions_ = decisions; }

 private:
  void open_part();
  void begin_next_part();

  std::filesystem::path folder_;
  std::uint64_t part_bytes_;
  JournalMark mark_;     // of what is in the files
  std::string chain_;    // of the newest line, in the buffer too
  std::string buffer_;   // lines that are not in a file yet
  int descriptor_ = -1;  // of the newest part
  std::uint64_t decisions_ = 0;
};

/// File of a part: "journal.jsonl", "journal.2.jsonl".
std::filesystem::path journal_file(const std::filesystem::path& folder, std::uint64_t part);

/// Goes over the lines of a journal, oldest first, and checks the chain. `take` gets each line without its
/// chain and its place ("FILE:LINE"), and returns whether it wants more. A line that the end of the process
/// cut off at the very end is left out. Throws Error "live.no_journal", and "live.damaged_journal" with the
/// place.
void read_journal(const std::filesystem::path& folder,
                  const std::function<bool(std::string_view line, const std::string& place)>& take,
                  std::uint64_t first_part = 1);

/// Cuts away what lies behind the mark. Throws Error "live.damaged_journal" where the journal is shorter or
/// ends in another line there; nothing is cut then.
void cut_journal(const std::filesystem::path& folder, const JournalMark& mark);

/// The decisions with numbers below `before`, newest first, at most `count`: of a session and of those that
/// it goes on from, all under `journals`. Damaged journals end the search.
std::vector<DecisionRecord> read_decisions(const std::filesystem::path& journals, const std::string& session,
                                           std::uint64_t before, std::size_t count);

/// Calls `take` for each bar that was handed over, in the journals of a session and of those that it goes on
/// from, oldest first: symbol, open time, close.
void read_closes(const std::filesystem::path& journals, const std::string& session,
                 const std::function<void(const std::string& symbol, TimeMs open_time, double close)>& take);

}  // namespace stevie::live
