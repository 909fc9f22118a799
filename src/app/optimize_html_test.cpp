#include <gtest/gtest.h>

#include "app/optimize_report.h"

namespace stevie::app {
namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// A search whose first candidates held nothing, as most do on dear markets.
OptimizeReport report_of(const std::vector<double>& rewards, std::size_t episodes) {
  OptimizeReport report;
  report.scenario = find_scenario("quick_tune");
  report.windows.search = {{0, day_ms}};
  report.running.reward = -10;
  for (std::size_t k = 0; k < rewards.size(); ++k) {
    Candidate candidate;
    candidate.reward = rewards[k];
    report.candidates.push_back(candidate);
  }
  for (std::size_t e = 0; e < episodes; ++e) {
    Episode episode;
    episode.best_so_far = rewards.back();
    if (e < rewards.size()) episode.members = {static_cast<std::uint32_t>(e)};
    report.history.push_back(episode);
  }
  return report;
}

TEST(OptimizeHtml, TheWorstRewardDoesNotPressTheOthersTogether) {
  const std::string html = render_html(report_of({-10, -10, -1.5, -1.4, -1.2, -1.1}, 6));
  EXPECT_EQ(count_of(html, "candidate clipped\""), 2u) << html;
  EXPECT_EQ(html.find(">-10</text>"), std::string::npos) << html;
  EXPECT_NE(html.find(">-1.5</text>"), std::string::npos) << html;
  const std::string even = render_html(report_of({-10, -8, -6, -4, -2}, 5));
  EXPECT_EQ(count_of(even, "clipped\""), 0u) << even;
  EXPECT_NE(even.find(">-10</text>"), std::string::npos) << even;
}

TEST(OptimizeHtml, EpisodesAreWholeNumbers) {
  for (const std::size_t episodes : {1, 2, 3, 10, 25, 40}) {
    const std::string html = render_html(report_of({-1, -0.5}, episodes));
    const std::string picture = html.substr(html.find("<svg"), html.find("</svg>") - html.find("<svg"));
    EXPECT_NE(picture.find("\"middle\">1</text>"), std::string::npos);
    for (std::size_t at = picture.find("\"middle\">"); at != std::string::npos;
         at = picture.find("\"middle\">", at + 1)) {
      const std::string tick = picture.substr(at + 9, picture.find('<', at) - at - 9);
      EXPECT_EQ(tick.find('.'), std::string::npos) << tick;
    }
  }
}

}  // namespace
}  // namespace stevie::app
