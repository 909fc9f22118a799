#include "live/trading_step.h"

#include <gtest/gtest.h>

#include "broker/paper_broker.h"

namespace stevie::live {
namespace {

/// Enters long with all it may on every bar.
class EagerStrategy final : public LiveStrategy {
 public:
  void warm_up(const market::Bar&) override {}
  strategy::Decision decide(const strategy::Situation&) override {
    return strategy::Decision::enter(execution::Side::long_side, {}, {});
  }
  std::string explanation_json() const override { return "{}"; }
  std::string summary() const override { return "enters"; }
  std::uint64_t parameter_version() const override { return 1; }
  std::string parameters_json() const override { return "{}"; }
  std::string save() const override { return "{}"; }
  void restore(const std::string&) override {}
  std::size_t warm_up_bars() const override { return 0; }
};

TEST(TradingStep, OrdersOfTheSameStepCountAsExposureOfOneAnother) {
  broker::PaperConfig paper;
  paper.symbols = {"BTC/USDT", "ETH/USDT"};
  paper.interval = hour_ms;
  broker::PaperBroker broker(paper);
  RiskLimits limits;
  limits.exposure_share = 0.7;  // each symbol enters with half of the equity
  RiskEngine risk(limits);
  risk.set_reconciled(true);
  std::vector<std::unique_ptr<LiveStrategy>> strategies;
  strategies.push_back(std::make_unique<EagerStrategy>());
  strategies.push_back(std::make_unique<EagerStrategy>());
  TradingStep trading({.symbols = paper.symbols,
                       .interval = hour_ms,
                       .leverage_limit = 1,
                       .broker = &broker,
                       .risk = &risk,
                       .strategies = strategies});

  const market::Bar bar{0, 100, 101, 99, 100, 10};
  const FeedStep step{{{.symbol = 0, .bar = bar}, {.symbol = 1, .bar = bar}}, hour_ms};
  const StepOutcome outcome = trading.play(step, hour_ms);

  ASSERT_EQ(outcome.orders.size(), 1U);
  EXPECT_EQ(outcome.orders[0].symbol, "BTC/USDT");
  ASSERT_EQ(outcome.denials.size(), 1U);
  EXPECT_EQ(outcome.denials[0].first, "ETH/USDT@0");
  EXPECT_EQ(outcome.denials[0].second, Denial::exposure);
}

}  // namespace
}  // namespace stevie::live
