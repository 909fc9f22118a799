#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "market/bars.h"

namespace stevie::live {

/// What became of a bar that a stream called closed.
enum class BarVerdict : std::uint8_t {
  taken,
  in_doubt,      // not taken: it is doubtful, was before, or was contradicted; to be fetched
  duplicate,     // the same as one that is there already
  contradicts,   // another content than one that is there already
  out_of_order,  // older than what was handed over last
};

/// Brings the bars of several symbols into order, from a stream that may lose, repeat, reorder and invent
/// them and from pages that are fetched to mend that. For each symbol bars leave in order of time, once
/// each, one interval apart; only a hole that the exchange itself confirms is stepped over.
///
/// Whether a bar has closed is decided by the exchange's word alone, never by a clock: the stream said so of
/// it, or a page shows a bar behind it. A page is believed where the two differ about what has closed.
class BarSequencer {
 public:
  /// most_held: bars of a symbol that wait for an earlier one; what exceeds it is fetched again later.
  BarSequencer(std::size_t symbols, TimeMs interval, std::size_t most_held);

  /// The first bar wanted is the one after `after`; absent: the first one that the stream tells of.
  void start(std::size_t symbol, std::optional<TimeMs> after);

  /// The stream says that this bar has closed. doubtful: there is reason not to believe it.
  BarVerdict closed(std::size_t symbol, const market::Bar& bar, bool doubtful);
  /// The stream says that a bar is forming, so all before it have closed. False: it is an old one.
  bool forming(std::size_t symbol, TimeMs open);

  /// The next bar wanted; nothing before the stream told of one.
  std::optional<TimeMs> wanted(std::size_t symbol) const { return tracks_[symbol].wanted; }
  /// Bars open in [first, end).
  struct Range {
    TimeMs first = 0, end = 0;
  };
  /// What has closed and is not there; fetch from its beginning.
  std::optional<Range> missing(std::size_t symbol) const;
  /// All bars that open before this time have closed, as far as is known; 0: nothing is known.
  TimeMs closed_before(std::size_t symbol) const { return tracks_[symbol].closed_before; }

  /// A page of the bars that open at wanted(symbol) or later, on the grid. whole: it goes up to the bar that
  /// is forming, otherwise it ends because it is full. Returns what of the stream's the page refutes.
  struct PageResult {
    std::size_t taken = 0;      // bars that were not there before
    std::size_t refuted = 0;    // held bars that the exchange does not know of
    std::optional<Range> hole;  // before the page's first row; stepped over from the third such page on
    bool stepped_over = false;
  };
  PageResult page(std::size_t symbol, const market::Bars& rows, bool whole);

  struct Ready {
    std::size_t symbol = 0;
    market::Bar bar;
    bool fetched = false;  // from a page
  };
  /// The next bar to hand over, the oldest of all symbols. A symbol with missing bars holds back younger bars
  /// of the others unless blocked[symbol]: its bars cannot be had just now.
  std::optional<Ready> pop(const std::vector<bool>& blocked);

 private:
  struct Held {
    market::Bar bar;
    bool fetched = false;
  };
  struct Track {
    std::optional<TimeMs> wanted;
    bool anchored = false;  // by start() or a bar handed over, not only by a claim of the stream
    TimeMs closed_before = 0;
    std::map<TimeMs, Held> held;
    std::set<TimeMs> doubted;           // only a page can tell these
    std::optional<market::Bar> newest;  // handed over
    Range suspected;                    // hole that pages showed lately
    int suspicions = 0;                 // how many in a row
  };
  PageResult refute_all(Track& track);
  bool hole_is_confirmed(Track& track, const Range& hole);
  void doubt(Track& track, TimeMs open) const;
  void trim(Track& track) const;

  TimeMs interval_;
  std::size_t most_held_;
  std::vector<Track> tracks_;
};

}  // namespace stevie::live
