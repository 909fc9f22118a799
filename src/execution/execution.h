#pragma once
/// execution: what an order does to an account on a bar.
///
/// One set of rules serves the training environment, the backtester and the paper broker. Start with:
///   costs.h              Instrument: fees, spread, slippage, caps, rounding, leverage, funding; each with
///   its default bar_tape.h           BarTape: checked bars in the layout the rules read, one cache line a
///   bar account.h            Account and the inline rules: fill price, fee, sizing, liquidation, funding
///   exits.h              stop loss, take profit, trailing stop, minimal return; where in a bar each one
///   fills engine.h             BarEngine: orders and protective exits of one symbol, bar by bar sizing.h
///   units from the risk to the stop, exposure from a volatility target simulation_result.h  what a run
///   leaves behind; the input of every metric
///
/// In: bars (market::Bars), decisions taken on closed bars. Out: fills, round trips, equity marked at each
/// close.
///
/// What always holds:
///   - a decision taken on the close of bar t is executed on bar t+1, never on bar t;
///   - a fill is never better than the bar allows: market orders pay half the spread and slippage, a bar that
///   opens
///     beyond a stop fills at its open;
///   - equity change = price gains - fees - slippage - funding, exactly up to rounding of doubles;
///   - an undefined price never reaches an account: BarTape refuses it and names the bar;
///   - the inline rules neither allocate nor throw, so that the environment's step loop uses them as they
///   are.
#include "execution/account.h"
#include "execution/bar_tape.h"
#include "execution/costs.h"
#include "execution/engine.h"
#include "execution/exits.h"
#include "execution/simulation_result.h"
#include "execution/sizing.h"
