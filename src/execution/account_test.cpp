#include "execution/account.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"

namespace stevie::execution {
namespace {

TapeBar bar_at(double open, double volume = std::numeric_limits<double>::infinity()) {
  TapeBar bar;
  bar.open = bar.high = bar.low = bar.close = open;
  bar.volume = volume;
  return bar;
}

TEST(Costs, ATakerFillPaysHalfTheSpreadSlippageAndTheFee) {
  const Rates rates{Instrument{}};  // half spread 1 bp, slippage 1 bp, taker fee 10 bps
  const Fill bought = taker_fill(rates, bar_at(1000), 1000, 2);
  EXPECT_DOUBLE_EQ(bought.price, 1000.2);
  EXPECT_DOUBLE_EQ(bought.fee, 2 * 1000.2 * 0.001);
  EXPECT_NEAR(bought.slippage, 2 * 0.2, 1e-9);
  const Fill sold = taker_fill(rates, bar_at(1000), 1000, -2);
  EXPECT_DOUBLE_EQ(sold.price, 999.8);
  EXPECT_NEAR(sold.slippage, 2 * 0.2, 1e-9);
}

TEST(Costs, AMakerFillKeepsItsPriceAndPaysTheMakerFee) {
  const Fill fill = maker_fill(Rates{Instrument{}}, 1000, -2);
  EXPECT_EQ(fill.price, 1000);
  EXPECT_DOUBLE_EQ(fill.fee, 2000 * 0.0002);
  EXPECT_EQ(fill.slippage, 0);
}

TEST(Costs, SlippageGrowsWithTheRangeAndTheSquareRootOfTheParticipation) {
  Instrument instrument = free_of_costs();
  instrument.slippage_volatility_share = 0.05;
  TapeBar bar = bar_at(100, 400);
  bar.range = 0.02;
  EXPECT_DOUBLE_EQ(taker_move(Rates{instrument}, bar, 1), 0.05 * 0.02);
  instrument.impact = 0.5;
  EXPECT_DOUBLE_EQ(taker_move(Rates{instrument}, bar, -100),
                   0.05 * 0.02 + 0.5 * 0.02 * 0.5);  // sqrt(100 / 400)
  bar.volume = std::numeric_limits<double>::infinity();
  EXPECT_DOUBLE_EQ(taker_move(Rates{instrument}, bar, 100), 0.05 * 0.02);
  bar.volume = 0;
  EXPECT_DOUBLE_EQ(taker_move(Rates{instrument}, bar, 100), 0.05 * 0.02 + 0.5 * 0.02);
}

TEST(Rounding, FillsRoundToTheTickAgainstTheTraderAndQuantitiesTowardsZero) {
  Instrument instrument;
  instrument.tick_size = 0.5;
  instrument.lot_size = 0.1;
  const Rates rates{instrument};
  EXPECT_EQ(taker_fill(rates, bar_at(1000), 1000, 1).price, 1000.5);  // 1000.2 up
  EXPECT_EQ(taker_fill(rates, bar_at(1000), 1000, -1).price, 999.5);  // 999.8 down
  EXPECT_EQ(round_to_tick(rates, 1000.0, true), 1000.0);
  EXPECT_DOUBLE_EQ(round_to_lot(rates, 0.37), 0.3);
  EXPECT_DOUBLE_EQ(round_to_lot(rates, -0.37), -0.3);
  EXPECT_DOUBLE_EQ(round_to_lot(rates, 0.1 + 0.2), 0.3);  // 0.30000000000000004 is three lots
  EXPECT_EQ(round_to_lot(rates, 0.09), 0);
}

TEST(Sizing, TheTargetHoldsAfterTheCostsOfReachingIt) {
  RandomStream random(11, 0);
  for (int i = 0; i < 2000; ++i) {
    Instrument instrument;
    instrument.taker_fee_bps = 50 * random.uniform();
    instrument.slippage_bps = 50 * random.uniform();
    instrument.slippage_volatility_share = random.uniform();
    instrument.leverage_limit = 3;
    const Rates rates{instrument};
    TapeBar bar = bar_at(1 + 1000 * random.uniform());
    bar.range = 0.05 * random.uniform();
    Account account{5000, (random.uniform() * 4 - 2) * 5000 / bar.open, bar.open};
    account.cash -= account.units * bar.open;
    const double target = random.uniform() * 4 - 2;
    const double wanted = units_for_target(rates, bar, account, target);
    trade_towards(rates, bar, account, wanted);
    EXPECT_NEAR(account.units * bar.open / account.equity(bar.open), target, 1e-9);
  }
}

TEST(Sizing, AFullLongNeverBorrows) {
  const Rates rates{Instrument{}};
  Account account{10'000, 0, 0};
  trade_towards(rates, bar_at(123), account, units_for_target(rates, bar_at(123), account, 1.0));
  EXPECT_NEAR(account.cash, 0, 1e-8);
}

TEST(Sizing, NothingIsBoughtWithoutEquity) {
  EXPECT_EQ(units_for_target(Rates{Instrument{}}, bar_at(100), {-1, 0, 0}, 1.0), 0);
}

TEST(Account, FillsAverageTheEntryFlipItAndCloseExactly) {
  Account account{1000, 0, 0};
  apply_fill(account, {2, 100, 1, 0});
  apply_fill(account, {2, 110, 1, 0});
  EXPECT_DOUBLE_EQ(account.entry_price, 105);
  EXPECT_DOUBLE_EQ(account.cash, 1000 - 200 - 220 - 2);
  apply_fill(account, {-1, 120, 1, 0});
  EXPECT_DOUBLE_EQ(account.entry_price, 105);
  apply_fill(account, {-4, 90, 1, 0});
  EXPECT_DOUBLE_EQ(account.units, -1);
  EXPECT_DOUBLE_EQ(account.entry_price, 90);
  EXPECT_DOUBLE_EQ(account.unrealised_return(81), 0.1);
  apply_fill(account, {-account.units, 81, 1, 0});
  EXPECT_EQ(account.units, 0);
  EXPECT_EQ(account.entry_price, 0);
  EXPECT_EQ(account.unrealised_return(81), 0);
}

TEST(Participation, ACapLetsWholeLotsThroughAndIsOffWithoutVolume) {
  Instrument instrument = free_of_costs();
  instrument.participation_cap = 0.1;
  instrument.lot_size = 1;
  const Rates rates{instrument};
  EXPECT_EQ(capped_quantity(rates, bar_at(100, 55), 20), 5);
  EXPECT_EQ(capped_quantity(rates, bar_at(100, 55), -20), -5);
  EXPECT_EQ(capped_quantity(rates, bar_at(100, 55), 4), 4);
  EXPECT_EQ(capped_quantity(rates, bar_at(100, 0), 4), 0);
  EXPECT_EQ(capped_quantity(rates, bar_at(100), 1e9), 1e9);
}

TEST(Liquidation, HappensWhereEquityIsTheMaintenanceMargin) {
  Instrument instrument;
  instrument.maintenance_margin = 0.01;
  const Rates rates{instrument};
  for (const Account& account :
       {Account{-9000, 100, 100}, Account{20'000, -100, 100}, Account{-500, 7, 100}}) {
    const double price = liquidation_price(rates, account);
    EXPECT_NEAR(account.equity(price), 0.01 * std::abs(account.units) * price, 1e-9);
  }
  EXPECT_EQ(liquidation_price(rates, {0, 100, 100}), 0);  // a long without borrowing
  EXPECT_EQ(liquidation_price(rates, {1000, 0, 0}), 0);   // flat
}

TEST(Funding, LongsPayAPositiveRateAndShortsReceiveIt) {
  Account buyer{0, 2, 100}, seller{0, -2, 100};
  EXPECT_DOUBLE_EQ(settle_funding(buyer, 0.0001, 100), 0.02);
  EXPECT_DOUBLE_EQ(buyer.cash, -0.02);
  EXPECT_DOUBLE_EQ(settle_funding(seller, 0.0001, 100), -0.02);
  EXPECT_DOUBLE_EQ(seller.cash, 0.02);
}

TEST(Instrument, ReportsAllItsFaultsTogether) {
  Instrument instrument;
  instrument.taker_fee_bps = -1;
  instrument.lot_size = std::numeric_limits<double>::quiet_NaN();
  instrument.leverage_limit = 0;
  EXPECT_EQ(instrument.faults().size(), 3u);
  try {
    instrument.validate();
    FAIL() << "a faulty instrument was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "execution.bad_instrument");
    for (const char* name : {"taker_fee_bps", "lot_size", "leverage_limit"}) {
      EXPECT_NE(error.message().find(name), std::string::npos) << name;
    }
  }
}

}  // namespace
}  // namespace stevie::execution
