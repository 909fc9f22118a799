#include "app/recommend.h"

#include <gtest/gtest.h>

#include "app/optimize_testing.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

class Recommend : public ::testing::Test {
 protected:
  void SetUp() override {
    request_.data = folder_.path() / "BTCUSDT_1h.csv";
    market::write_bars(request_.data, rewarding_market(300, 1, "BTC/USDT"));
    request_.social.discover = false;
    request_.config.ledger.url = "sqlite:///" + (folder_.path() / "stevie.db").string();
    // Bounds under which no rule applies.
    request_.rules.low_confidence = -1;
    request_.rules.high_drawdown = 1;
    request_.rules.high_volatility = 101;
    request_.rules.short_history_days = 0;
  }
  TemporaryFolder folder_;
  RecommendRequest request_;
};

TEST_F(Recommend, NewsWhereNothingElseApplies) {
  const Recommendation result = recommend(request_);
  EXPECT_EQ(result.scenario, "news_sentiment_pro");
  EXPECT_EQ(result.version, 0u);
  ASSERT_EQ(result.reasons.size(), 5u);
  EXPECT_TRUE(result.reasons.back().applies);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "stevie.db"));
}

TEST_F(Recommend, TheFirstRuleThatAppliesWins) {
  request_.rules.short_history_days = 365;
  EXPECT_EQ(recommend(request_).scenario, "comprehensive_evolution");
  request_.rules.high_volatility = 0;
  EXPECT_EQ(recommend(request_).scenario, "volatility_master");
  request_.rules.high_drawdown = -1;
  EXPECT_EQ(recommend(request_).scenario, "risk_optimizer");
  request_.rules.low_confidence = 1.1;
  const Recommendation result = recommend(request_);
  EXPECT_EQ(result.scenario, "quick_tune");
  EXPECT_TRUE(result.reasons[1].applies);
  const std::string text = render_text(result);
  for (const char* part : {"stevie optimize quick_tune", "mean confidence", "max drawdown", "percentile",
                           "269 days on which the rules can decide", "refused by costCapBps"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST_F(Recommend, BadBarsAreRefused) {
  request_.data = "nowhere.csv";
  EXPECT_EQ(error_of([&] { recommend(request_); }).code(), "file.missing");
}

}  // namespace
}  // namespace stevie::app
