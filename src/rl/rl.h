#pragma once
/// rl: learning from an environment.
///
/// Start with:
///   ppo.h          Ppo: rollouts, updates, and a state that is saved and goes on bit for bit
///   ppo_config.h   its parameters: Stable-Baselines3's, with their defaults and consequences
///   dqn.h          Dqn: steps into a replay buffer, updates from it, the same kind of state
///   dqn_config.h   its parameters
///   learner.h      Learner: an algorithm as a training sees it
///   behaviour_cloning.h  a policy that imitates demonstrations, with cross-validation by blocks of time;
///                  cloning_config.h its parameters
///   curriculum.h   Curriculum: which of four stages, from calm to turbulent, is practised next
///   tensorboard.h  EventWriter: scalars as a TensorBoard event file
/// Below them: rollout.h (the buffer and generalised advantage estimation), categorical.h (the action
/// distribution), replay_buffer.h (steps kept for DQN, each observation once; replay_reference.h in plain
/// form), sum_tree.h (drawing by priority), td_loss.h, schedule.h, episode_log.h (reward and length of recent
/// episodes).
///
/// In: an env::VectorEnv, an nn::NetworkConfig and a PpoConfig, or a DqnConfig. Out: a trained
/// nn::ActorCritic or nn::QNetwork, statistics of each update under Stable-Baselines3's names, event files.
///
/// What always holds:
///   - the same configuration, environment and seed give the same bytes for any number of threads, and so
///     does a training that was saved and resumed;
///   - terminated and truncated episodes are kept apart: a truncated one is bootstrapped from its final
///     observation;
///   - nothing here knows what the environment is about.
#include "rl/behaviour_cloning.h"
#include "rl/cloning_config.h"
#include "rl/curriculum.h"
#include "rl/dqn.h"
#include "rl/dqn_config.h"
#include "rl/learner.h"
#include "rl/ppo.h"
#include "rl/ppo_config.h"
#include "rl/tensorboard.h"
