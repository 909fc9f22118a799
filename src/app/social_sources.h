#pragma once
#include <filesystem>
#include <optional>
#include <string>
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

/// Reads the sources of one symbol's bars. A row is known its series' own spacing after its stamp unless
/// the spec says otherwise: the value of an interval is safe to use once the interval is over.
///
/// A column is a social score by its name: overall, sentiment, score, polarity, compound, social, mood,
/// fear_greed, or one of these with a prefix ("news_sentiment") - see docs/social.md. Named files are used as
/// told or refused: throws Error "app.bad_social" with the file as place where no column or more than one is
/// a social score, "market.missing_column" for a column that is not there, "app.social_no_overlap" where the
/// rows end before the bars begin or begin after they end, and what market::read_side_series throws.
/// Discovered files are used only where they have exactly such a column, overlap the bars in time and belong
/// to the base currency of the bars (a file name that begins with another currency's symbol does not; one
/// that begins with none is an index of the whole market); the others, also broken ones, are left out with a
/// note that says why.
SocialSources load_social_sources(const SocialRequest& request, const std::filesystem::path& bars_file,
                                  const market::Bars& bars);

}  // namespace stevie::app
