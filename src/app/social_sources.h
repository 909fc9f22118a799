#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/bars.h"
#include "strategy/social.h"

namespace stevie::app {

/// One source as written on the command line: FILE[:COLUMN][@DELAY].
struct SocialSpec {
  std::filesystem::path file;
  std::string column;           // empty: the one column that is a social score
  std::optional<TimeMs> delay;  // absent: the spacing of the series
};
/// "mood.csv", "mood.csv:overall", "mood.csv@1h", "mood.csv:overall@0s". What follows the last '@' is the
/// delay and what follows the last ':' before it is the column, unless it holds a '/'. Throws Error
/// "app.bad_social" quoting the text.
SocialSpec parse_social_spec(const std::string& text);

/// Where social scores come from.
struct SocialRequest {
  std::vector<std::string> files;  // in the form of parse_social_spec
  /// Look into the folder `sentiment` beside the bar file as well, where `files` is empty.
  bool discover = true;
};

struct SocialSources {
  std::vector<strategy::SocialSource> sources;  // in the order given, or by file name
  std::vector<std::string> notes;               // sentences for the output: what is used, how, what is not
};

/// True where a column of this name is a social score: sentiment, sentiment_score, social, social_score,
/// overall, polarity, compound, mood, fear_greed, fear_and_greed. Higher must be better: "neg" or
/// "funding_mean" is none.
bool is_social_column(std::string_view name);

/// Reads the sources of one symbol's bars. A row is known its series' own spacing after its stamp unless the
/// spec says otherwise: the value of an interval is safe to use once the interval is over.
///
/// Named files are used as told or refused. Throws Error with the file as place: "app.bad_social" where no
/// column is named and none or more than one is a social score, for a column named twice and for a single
/// row; "market.missing_column" for a column that is not there; "app.social_no_overlap" where no row is known
/// on any bar; and what market::read_side_series throws.
///
/// Discovered files (*.csv, *.csv.gz) are used only where exactly one column is a social score, some bar has
/// a row, and the name begins with the base currency of the bars ("btc_...", "BTCUSDT_...") or with a word
/// that means the whole market: fear, market, crypto, global. The others, broken ones too, are left out with
/// a note that says why. Beside a synthetic market nothing is looked for: sentiment of the real world says
/// nothing about it.
SocialSources load_social_sources(const SocialRequest& request, const std::filesystem::path& bars_file,
                                  const market::Bars& bars);

}  // namespace stevie::app
