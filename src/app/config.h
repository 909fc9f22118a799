#pragma once
#include <string>

#include "accounts/accounts.h"
#include "app/live_config.h"
#include "app/optimize_config.h"
#include "app/rule_config.h"
#include "app/server_config.h"
#include "app/session_config.h"
#include "core/config.h"
#include "env/trading_env.h"
#include "ledger/ledger.h"
#include "live/risk_engine.h"
#include "market/augmentation.h"
#include "market/split.h"
#include "nn/architecture.h"
#include "notify/notify.h"
#include "rl/cloning_config.h"
#include "rl/curriculum.h"
#include "rl/dqn_config.h"
#include "rl/ppo_config.h"
#include "strategy/expert.h"
#include "validation/gate.h"

namespace stevie::app {

/// How long a training runs and what it leaves behind. Steps are counted over all lanes; what is due happens
/// after the rollout that reaches it.
struct TrainConfig {
  /// Environment steps in all. Default 1,000,000: a few minutes on one core.
  std::uint64_t total_timesteps = 1'000'000;
  /// Steps between two evaluations on the validation part; the best policy there is the one that is kept.
  /// Default 50,000. 0: never, the last policy is kept.
  std::uint64_t eval_freq = 50'000;
  /// Steps between two checkpoints. Default 200,000. 0: only at the end and on Ctrl-C.
  std::uint64_t checkpoint_freq = 200'000;
};

/// The trainings of `stevie bootstrap`.
struct BootstrapTraining {
  /// Which are trained: "ppo", "dqn". Default both.
  std::vector<std::string> algorithms{"ppo", "dqn"};
  /// Trainings of each algorithm, with the seeds first_seed, first_seed + 1, ... Default 3 from 1.
  std::uint64_t seeds = 3;
  std::uint64_t first_seed = 1;
};

/// Which bars are used for what, as a person writes it: times as in core/time.h, empty where not set.
struct DataConfig {
  std::string from, to;
  double train_fraction = 0.7;
  double validation_fraction = 0.15;
  std::string validation_from, test_from;
  std::string embargo = "1d";

  /// Throws Error "time.bad_stamp" or "time.bad_duration".
  market::SplitConfig split() const;
};

/// The whole configuration of the program, one member for each section of stevie.toml. Commands load all of
/// it and use their part, so that a misspelt key is found whichever command runs.
struct Config {
  TrainConfig train;
  BootstrapTraining bootstrap;
  DataConfig data;
  env::TradingEnvConfig env;  // sections env and costs
  market::AugmentationConfig augmentation;
  rl::CurriculumConfig curriculum;
  nn::PolicyKwargs network;
  rl::PpoConfig ppo;
  rl::DqnConfig dqn;
  strategy::ExpertConfig expert;
  rl::CloningConfig cloning;
  ledger::LedgerConfig ledger;
  accounts::AccountConfig accounts;
  OptimizeConfig optimize;
  RuleConfig measuring;  // sections rules, regime and social
  validation::GateConfig gate;
  LiveConfig live;
  live::RiskLimits risk;
  SessionConfig sessions;
  ServerConfig server;
  notify::NotifyConfig notify;
};

/// Names every field of every section.
void describe(ConfigBinder& binder, Config& config);

/// A configuration from its layers; throws Error "config.faults" with every fault.
Config load_config(const ConfigLayers& layers);

}  // namespace stevie::app
