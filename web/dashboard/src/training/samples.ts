/** Answers of the server, for tests. */
import type { Schema } from "../api";
import { liveState } from "../testing/samples";
import type { Check, GateVerdict } from "./gate";
import type { Scenario, TrainingSession } from "./sessions";

export function session(part: Partial<TrainingSession> = {}): TrainingSession {
  return {
    id: "20260102-030405-quick_tune",
    kind: "optimize",
    scenario: "quick_tune",
    algorithm: null,
    augment: null,
    curriculum: false,
    from: null,
    expert: null,
    by_hand: false,
    data: ["/data/BTCUSDT_1h.csv.gz"],
    settings: {},
    minutes: null,
    episodes: null,
    dry_run: false,
    by: "ada",
    reason: "calmer market",
    state: "running",
    queued: "2026-01-02T03:04:05.000Z",
    started: "2026-01-02T03:04:06.000Z",
    ended: null,
    progress: {
      phase: "searching",
      episode: 3,
      episodes: 10,
      candidates: 48,
      best_reward: -0.5,
      running_reward: -0.75,
      fraction: 0.3,
      seconds_left: 65,
      updated: "2026-01-02T03:05:00.000Z",
    },
    outcome: null,
    verdict: null,
    sentence: "",
    new_version: null,
    decision_event: null,
    attempts: 1,
    ...part,
  };
}

export function ended(part: Partial<TrainingSession> = {}): TrainingSession {
  return session({
    state: "finished",
    ended: "2026-01-02T03:10:00.000Z",
    outcome: "rejected",
    verdict: "REJECT",
    sentence: "The gate rejected the proposal. The parameters stay as they are: version 1 is in force.",
    decision_event: 43,
    ...part,
  });
}

export function status(part: Partial<Schema<"TrainingStatus">> = {}): Schema<"TrainingStatus"> {
  return {
    state: "idle",
    time: "2026-01-02T03:04:05.000Z",
    live: liveState().summary,
    session: null,
    last_session: null,
    queue: [],
    parameter_version: 1,
    recommended: "risk_optimizer",
    ...part,
  };
}

function scenario(id: string, title: string, recommended: boolean): Scenario {
  return {
    id,
    title,
    purpose: "Moves the gates that decide whether a trade is taken.",
    best_for: "Routine.",
    targets: ["volPctBreakout", "costCapBps"],
    goal: "balanced",
    minutes: 15,
    episodes: 10,
    aggressiveness: "moderate",
    recommended,
  };
}

function training(kind: string, algorithm: string | null, numbers: Record<string, [string, number]>) {
  return { kind, algorithm, numbers: Object.entries(numbers).map(([name, [setting, value]]) => ({ name, setting, default: value })) };
}

export function scenarios(): Schema<"Scenarios"> {
  return {
    scenarios: [scenario("quick_tune", "Quick tune", false), scenario("risk_optimizer", "Risk optimizer", true)],
    recommended: {
      scenario: "risk_optimizer",
      measured: "2026-01-02T03:00:00.000Z",
      parameter_version: 1,
      reasons: [
        { scenario: "quick_tune", applies: false, sentence: "mean confidence 0.51; low is below 0.3" },
        { scenario: "risk_optimizer", applies: true, sentence: "max drawdown 22.4 %; high is above 15 %" },
      ],
      notes: [],
    },
    options: {
      data: [
        { file: "data/BTCUSDT_1h.csv.gz", bytes: 2_400_000, traded: true },
        { file: "data/ETHUSDT_1h.csv.gz", bytes: 2_100_000, traded: false },
      ],
      seed: { setting: "optimize.seed", default: 1 },
      minutes: { min: 0.01, max: 10_080 },
      episodes: { min: 1, max: 10_000 },
      training: { timesteps: { setting: "train.total_timesteps", default: 1_000_000 }, seed: { setting: "ppo.seed", default: 1 } },
      trainings: [
        training("train", "ppo", { steps: ["train.total_timesteps", 1_000_000], seed: ["ppo.seed", 1] }),
        training("train", "dqn", { steps: ["train.total_timesteps", 1_000_000], seed: ["dqn.seed", 1] }),
        training("bootstrap", null, { steps: ["train.total_timesteps", 1_000_000], seeds: ["bootstrap.seeds", 3], seed: ["bootstrap.first_seed", 1] }),
        training("clone", null, { epochs: ["cloning.max_epochs", 200], folds: ["cloning.folds", 5], seed: ["cloning.seed", 1] }),
        training("ensemble", null, { steps: ["ensemble.timesteps", 300_000], members: ["ensemble.members", 4], seed: ["ppo.seed", 1] }),
      ],
      models: ["runs/sessions/20260102-030405-clone/models/behavior_cloning_model.zip"],
    },
    note: null,
  };
}

export function check(part: Partial<Check> = {}): Check {
  return {
    key: "drawdown",
    part: 3,
    title: "Max drawdown is not worse",
    outcome: "failed",
    passed: false,
    sentence: "Max drawdown is 26.4 %; the running arm has 24.8 %, and 26.0 % is the limit.",
    measured: { key: "proposed", name: "Max drawdown, proposed at the same volatility", unit: "percent", value: 0.264, reason: null },
    needed: { key: "limit", name: "At most", unit: "percent", value: 0.26, reason: null, relation: "at_most" },
    interval: null,
    figures: [
      { key: "proposed", name: "Max drawdown, proposed at the same volatility", unit: "percent", value: 0.264, reason: null },
      { key: "limit", name: "At most", unit: "percent", value: 0.26, reason: null },
    ],
    ...part,
  };
}

export function gate(part: Partial<GateVerdict> = {}): GateVerdict {
  return {
    verdict: "reject",
    summary: "What runs stays.",
    base_hash: "b",
    proposed_hash: "p",
    first_day: "2022-10-26",
    last_day: "2024-12-31",
    days: 798,
    candidates: 48,
    config: {},
    checks: [
      check({ key: "causality", part: 1, title: "Stepping gives what the batch gave", outcome: "passed", passed: true, sentence: "Identical.", measured: null, needed: null, figures: [] }),
      check({
        key: "probability",
        part: 2,
        title: "It is better, and not only the luckiest of many",
        outcome: "lacking",
        passed: null,
        sentence: "The luckiest of 48 would look this good in 99.2 % of cases.",
        measured: { key: "confidence", name: "Confidence that it is better", unit: "probability", value: 0.0085, reason: null },
        needed: { key: "confidence_needed", name: "Confidence needed", unit: "probability", value: 0.9696, reason: null, relation: "at_least" },
        interval: { name: "Difference of the Sharpe ratios", low: -1.388, high: null, level: 0.9696 },
      }),
      check(),
      check({ key: "win_rate", part: 0, title: "Win rate", outcome: "reported", passed: null, sentence: "It decides nothing.", needed: null }),
    ],
    ...part,
  };
}

export function results(part: Partial<Schema<"ScenarioResults">> = {}): Schema<"ScenarioResults"> {
  return {
    session: ended(),
    scenario: { goal: "balanced" } as unknown as Record<string, never>,
    data: [],
    windows: {},
    search: {},
    candidates: [{ episode: 1, values: { volPctBreakout: 52 }, reward: -0.49, trades: 1361 }],
    best: 0,
    parameters: [{ name: "volPctBreakout", unit: "percentile", before: 70, after: 52 }],
    gate: gate(),
    outcome: {},
    notes: [],
    ...part,
  };
}

const figures = (total_return: number | null, more: Partial<NonNullable<Schema<"TrainingResults">["rows"][number]["test"]>> = {}) => ({
  total_return,
  sharpe: null,
  max_drawdown: null,
  win_rate: null,
  trades: null,
  ...more,
});

export function trainingResults(part: Partial<Schema<"TrainingResults">> = {}): Schema<"TrainingResults"> {
  return {
    session: ended({ kind: "bootstrap", scenario: null }),
    sentence: "PPO with seed 2 did best.",
    symbol: "BTC/USDT",
    synthetic: false,
    rows: [
      { name: "PPO", role: "policy", seed: 1, chosen: false, validation: figures(-0.02, { sharpe: -0.4 }), test: figures(0.01, { trades: 7 }) },
      { name: "PPO", role: "policy", seed: 2, chosen: true, validation: figures(0.125, { sharpe: 1.5 }), test: figures(-0.034, { trades: 12 }) },
      { name: "DQN", role: "policy", seed: 2, chosen: false, validation: figures(-0.3), test: null },
      { name: "Buy and hold", role: "baseline", seed: null, chosen: false, validation: figures(0.4), test: figures(0.2, { trades: 1 }) },
    ],
    clone: null,
    ensemble: null,
    ...part,
  };
}

export const cloned: NonNullable<Schema<"TrainingResults">["clone"]> = {
  expert: "rsi-ma",
  demonstrations: 5476,
  best_epoch: 2,
  stopped_early: true,
  epochs: [
    { epoch: 1, train_loss: 1.05, validation_loss: 1.02, validation_accuracy: 0.6 },
    { epoch: 2, train_loss: 0.95, validation_loss: 0.91, validation_accuracy: 0.65 },
  ],
  blocks: [{ from: "2020-02-03T07:00:00Z", to: "2020-05-27T08:00:00Z", rows: 2738, loss: 1.04, accuracy: 0.528 }],
  parts: [
    {
      part: "test",
      accuracy: 0.623,
      majority_accuracy: 0.408,
      repeat_accuracy: 0.916,
      change_accuracy: 0.327,
      divergence_bits: 0.0249,
      same_exposure: 0.57,
      tracking_error: 0.355,
      correlation: null,
    },
  ],
};

export const ensembled: NonNullable<Schema<"TrainingResults">["ensemble"]> = {
  decisions: 895,
  accuracy: 0.41,
  mean_consensus: 0.83,
  calibration_error_before: 0.21,
  calibration_error_after: 0.043,
  members: [{ name: "member_1", first_weight: 0.6, weight: 0.7, agreement: 0.92, accuracy: 0.4, contribution: -0.05, calibration_error: 0.06 }],
};
