import type { Schema } from "../api";
import { format } from "../ui";
import { measureOf, measures, type Measure } from "../performance/measures";

export type Run = Schema<"Experiment">;
export type RunDetail = Schema<"ExperimentDetail">;
export type Model = Schema<"Model">;
export type Curve = Schema<"Curve">;

/** Kinds of runs that the server may list; one that is new to this page is shown by its own word. */
const kindNames: Record<string, string> = {
  train: "Training",
  clone: "Clone of an expert",
  optimize: "Search of parameters",
  evaluate: "Evaluation",
  gate_study: "Study of the gate",
  martingale_study: "Study without anything to find",
  tune: "Tuning study",
  evolve: "Evolution study",
  ensemble: "Ensemble",
};

export function kindName(kind: string): string {
  return kindNames[kind] ?? format.words(kind);
}

const counts = new Map<string, string>([
  ["timesteps", "Steps trained"],
  ["best_timesteps", "Steps of the kept policy"],
  ["episodes", "Episodes"],
  ["proposals", "Candidates"],
  ["trades", "Closed trades"],
  ["nulls", "Markets without an edge"],
  ["power", "Markets with an edge"],
  ["cells", "Cells"],
]);
const rewards = new Map<string, string>([
  ["best_reward", "Best reward"],
  ["running_reward", "Reward of what ran"],
]);

/** Of a figure that a run left. */
export function runMeasure(key: string): Measure {
  const count = counts.get(key);
  if (count) return { key, name: count, kind: "count", help: "" };
  const reward = rewards.get(key);
  if (reward) return { key, name: reward, kind: "ratio", help: "Of the search: what candidates are compared by." };
  return measureOf(key);
}

const order = [...counts.keys(), ...rewards.keys(), ...measures.map((measure) => measure.key)];

/** Keys of figures in the order in which they are read; those that are not known last. */
export function inOrder(keys: readonly string[]): string[] {
  const place = (key: string) => {
    const at = order.indexOf(key);
    return at < 0 ? order.length : at;
  };
  return [...keys].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

/** The run that a model file lies in: "first" of "first/models/ppo_stevie.zip"; the file where it lies in none. */
export function modelName(path: string): string {
  return path.replace(/\/(models\/)?[^/]+$/, "") || path;
}

/** The last part of a path, which says what a file of bars is. */
export function fileName(path: string): string {
  return path.split("/").at(-1) ?? path;
}

type RunMetric = Schema<"RunMetric">;

/** Of a member that the document leaves open: those entries that have the shape of a figure. */
export function metricsOf(found: object | null): Record<string, RunMetric> {
  const metrics: Record<string, RunMetric> = {};
  for (const [key, value] of Object.entries(found ?? {})) {
    if (typeof value !== "object" || value === null || !("value" in value)) continue;
    const { value: number, low, high, reason } = value as Record<string, unknown>;
    const known = (each: unknown) => (typeof each === "number" ? each : null);
    metrics[key] = { value: known(number), low: known(low), high: known(high), reason: typeof reason === "string" ? reason : null };
  }
  return metrics;
}

/** Whether bars were generated is told in words. */
export function marketOf(synthetic: boolean | null): string {
  return synthetic === null ? "Not told" : synthetic ? "Synthetic" : "Real";
}
