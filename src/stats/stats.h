#pragma once
/// stats: what an equity curve is worth, how sure one can be of it, and whether one is better than another.
///
/// Knows arrays of times, equity, returns and p values; knows nothing of orders, models or files. Start with:
///   metrics.h           measure(): every performance metric of one run from its equity per bar
///   bootstrap.h         intervals around them by resampling days; the paired difference between two runs
///   comparison_tests.h  is the proposed arm better than the base (Sharpe ratio with a margin), alone or as
///                       the best of many; SPA, Reality Check, StepM
///   anytime.h           comparisons that may be looked at every day: confidence sequence, e-process, mSPRT
///   false_discovery.h   a stream of proposals over months: alpha spending, LORD++, SAFFRON
///   overfitting.h       probability of backtest overfitting; combinatorial purged cross-validation
///   seeds.h             several seeds of one training; calibration.h, temperature.h: honest probabilities
///   paired_seeds.h      two settings over the same seeds; Holm's correction for several comparisons
///
/// In: spans into the caller's arrays. Out: small structs with the numbers and, where there is none, why.
///
/// What always holds:
///   - this is the only place where a metric or a test is computed: reports, training and validation call it;
///   - an undefined value is absent and says why; no metric is ever NaN or infinite, or 0 for want of data;
///   - metrics: returns are fractions, per UTC day, annualised by 365; tests work per period;
///   - a resampling is fixed by its seed, whatever the number of threads;
///   - docs/metrics.md and docs/statistics.md explain each number in plain words with its source.
#include "stats/anytime.h"
#include "stats/bootstrap.h"
#include "stats/comparison_tests.h"
#include "stats/false_discovery.h"
#include "stats/metrics.h"
#include "stats/overfitting.h"
#include "stats/paired_seeds.h"
#include "stats/seeds.h"
