#pragma once
/// stats: what an equity curve is worth, and how sure one can be of it.
///
/// Knows arrays of times, equity and profits; knows nothing of orders, models or files. Start with:
///   metrics.h    measure(): every performance metric of one run (Sharpe, drawdown, SQN, PSR, ...) from its
///   equity per bar bootstrap.h  intervals around them by resampling days, and the paired difference between
///   two runs
///
/// In: an EquityCurve, spans into the caller's arrays with one row per bar, and the profits of the closed
/// trades. Out: Performance, PerformanceIntervals, PairedComparison.
///
/// What always holds:
///   - this is the only place where a metric is computed: reports, training and validation all call it;
///   - an undefined value is absent and says why; no metric is ever NaN or infinite, or 0 for want of data;
///   - returns are fractions, per UTC day, annualised by 365;
///   - a resampling is fixed by its seed, whatever the number of threads;
///   - docs/metrics.md explains each number in plain words with its source.
#include "stats/bootstrap.h"
#include "stats/metrics.h"
