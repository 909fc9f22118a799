#pragma once
/// env: what an agent acts in.
///
///   vector_env.h     VectorEnv, the contract of every environment: several lanes stepped together
///   trading_env.h    TradingEnv: target exposures on real or synthetic bars, by the rules of execution
///   augmented_episodes.h  bars and features of an episode, augmented
///   account_values.h the four account values of the observation, shared with backtest and live trading
///   known_optimum.h  environments whose best policy is known, to see whether a learner learns
///   staged_signal.h  several of them as one, from calm to wild
///   speed.h          steps per second of TradingEnv alone, for `stevie bench`
///   conformance.h    the checks of the contract that every environment passes
///
/// In: discrete actions, one a lane. Out: observations, rewards, terminated and truncated flags, written
/// straight into arrays of the caller.
///
/// What always holds:
///   - an agent at step t has seen bars up to and including t; its action is executed on bar t+1;
///   - the same seed, lane and actions give the same bytes, for any number of lanes and threads;
///   - a step neither allocates nor locks nor throws;
///   - observations are finite, and a later bar never changes an earlier observation;
///   - an episode that ends in ruin is terminated, one that is cut off by its length, the end of the split or
///   a gap in
///     the data is truncated.
#include "env/account_values.h"
#include "env/augmented_episodes.h"
#include "env/conformance.h"
#include "env/known_optimum.h"
#include "env/speed.h"
#include "env/staged_signal.h"
#include "env/trading_env.h"
#include "env/vector_env.h"
