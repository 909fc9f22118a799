#pragma once
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "market/bars.h"
#include "market/side_series.h"

namespace stevie::strategy {

/// One column of a side series that says how well a market is spoken of: higher is better.
/// series.publication_delay tells when a row becomes known.
struct SocialSource {
  market::SideSeries series;
  std::string column;
};

/// How side series become one score.
struct SocialConfig {
  /// A value is judged against those of the same source in the days before it, 1 to 3650. Shorter: the score
  /// forgets sooner what used to be normal.
  double window_days = 365;
  std::size_t most_rows = 10'000;  // newest rows of that window that are kept, 10 to 100'000
  std::size_t least_rows = 30;     // earlier rows needed before there is a score, 10 to most_rows
  /// A row is an event on bars that close less than this, or less than one bar length where that is longer,
  /// after it became known: always on the bar in which it came, never on that one alone unless this is short.
  /// In hours, 0 to 720.
  double fresh_hours = 4;
  /// A row is too old once it became known more than this many spacings of its series ago; 1 to 1000.
  double stale_spacings = 3;

  /// Throws Error "strategy.bad_social_config" naming all faults.
  void validate() const;
};

/// What is known when a bar closes.
struct SocialState {
  double score = 0;    // -1 to 1; 0 where not known
  bool known = false;  // some source has a score and a row that is not too old
  bool fresh = false;  // one of those sources has a row that counts as an event; false where not known
};

/// What a stream must know of a source ahead of its rows.
struct SocialClock {
  TimeMs spacing = 0;  // > 0: usual distance of rows
  TimeMs publication_delay = 0;
};

/// The score bar by bar.
///
/// The score of a row is 2 p - 1, p being its percentile rank among the rows of its source in the window
/// before it (the share of smaller ones plus half of the equal ones). It needs no unit and no scale, so that
/// an index of 0 to 100 and a mean polarity compare; |score| >= 0.75 is one row in four of a source that does
/// not drift. The score of a bar is the mean over the sources that are known at its close, each with its last
/// known row. A row is known from stamp + publication delay on.
class SocialStream {
 public:
  /// bar_interval: > 0. Throws Error "strategy.bad_social_config", also for a clock without spacing or a
  /// negative delay.
  SocialStream(std::vector<SocialClock> clocks, TimeMs bar_interval, const SocialConfig& config = {});

  /// Takes the next row of a source, which may lie in the future: it waits until it is known. Throws Error
  /// "strategy.bad_social_row" for a stamp that does not increase, a value that is not finite, or a row that
  /// should have been there at a bar that has been answered already; the row is then not taken.
  void add_row(std::size_t source, TimeMs stamp, double value);
  /// What is known at the close of the bar. close_time must not decrease (asserted).
  SocialState at_close(TimeMs close_time);

 private:
  struct Row {
    TimeMs stamp = 0;
    double value = 0;
  };
  struct Source {
    SocialClock clock;
    TimeMs stale_after = 0;
    std::deque<Row> waiting;     // not known yet
    std::deque<Row> window;      // known, oldest first; the last one is the newest
    std::vector<double> sorted;  // the values of window
    TimeMs last_stamp = 0;       // of all rows taken
    bool any = false;
    bool scored = false;
    double score = 0;
  };
  void make_known(Source& source, const Row& row) const;

  SocialConfig config_;
  TimeMs window_;
  TimeMs fresh_before_ = 0;  // age
  std::vector<Source> sources_;
  TimeMs last_close_ = 0;
  bool closed_any_ = false;
};

/// The score of a whole series; (bars) each.
struct SocialColumns {
  std::vector<double> score;        // -1 to 1; 0 where not known
  std::vector<std::uint8_t> known;  // 0: no news trade
  std::vector<std::uint8_t> fresh;
};
/// Bit for bit what SocialStream gives bar by bar. No sources: nothing is known. Throws Error
/// "market.missing_column" where a source lacks its column, and as SocialStream does.
SocialColumns make_social(std::span<const SocialSource> sources, const market::Bars& bars,
                          const SocialConfig& config = {});

}  // namespace stevie::strategy
