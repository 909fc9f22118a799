/** Values, layers and drafts of parameters. */
import { useApi, type Schema } from "../api";
import { MISSING } from "../ui/format";

export type ParameterInfo = Schema<"ParameterInfo">;
export type ParameterValue = Schema<"ParameterValue">;
export type Difference = Schema<"ParameterDifference">;
export type Layers = Schema<"ParameterLayers">;
export type Version = Schema<"ParameterVersion">;

export const regimes = ["bull", "bear", "sideways", "volatile"] as const;
export type Regime = (typeof regimes)[number];

/** For which part of trading values are shown and changed; neither: for all. */
export interface Scope {
  symbol: string | null;
  regime: Regime | null;
}

const format = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 });

/** A value as short as it is, with its unit where given. */
export function valueText(value: number | null | undefined, unit?: string): string {
  if (value === null || value === undefined) return MISSING;
  const text = format.format(value).replace("-", "\u2212");
  return unit ? `${text}\u00a0${unit}` : text;
}

/** "global" as "all", "symbol BTC/USDT" and "regime bear" as they are. */
export function layerText(layer: string): string {
  return layer === "global" ? "all symbols and regimes" : layer === "default" ? "default" : layer;
}

export function scopeText({ symbol, regime }: Scope): string {
  if (symbol && regime) return `${symbol} in a ${regime} market`;
  if (symbol) return symbol;
  if (regime) return `a ${regime} market`;
  return "all symbols and regimes";
}

/** The layer that a change in this scope writes to; null: both are chosen, and a value belongs to one of them. */
export function layerOf({ symbol, regime }: Scope): string | null {
  if (symbol && regime) return null;
  return symbol ? `symbol ${symbol}` : regime ? `regime ${regime}` : "global";
}

/** What this layer itself names: value by parameter. */
export function ownValues(layers: Layers, { symbol, regime }: Scope): Record<string, number> {
  if (symbol && regime) return {};
  if (symbol) return layers.symbols?.[symbol] ?? {};
  if (regime) return layers.regimes?.[regime] ?? {};
  return layers.global;
}

/** Symbols and regimes that have values of their own. */
export function ownLayers(layers: Layers, name: string): { layer: string; value: number }[] {
  const found: { layer: string; value: number }[] = [];
  for (const [kind, all] of [
    ["symbol", layers.symbols],
    ["regime", layers.regimes],
  ] as const) {
    for (const [which, values] of Object.entries(all ?? {})) {
      const value = values[name];
      if (value !== undefined) found.push({ layer: `${kind} ${which}`, value });
    }
  }
  return found;
}

/** Typed for a parameter: a number, text that is none yet, or null: the layer's own value is taken away. */
export type Typed = number | string | null;
export type Draft = Record<string, Typed>;

export interface Judged {
  fault?: string; // it would be refused
  note?: string; // it is taken, and worth a look
}

const EPSILON = 1e-9;

/** Whether a typed value can be sent, and what is odd about it. */
export function judge(info: Pick<ParameterInfo, "name" | "min" | "max" | "step" | "unit">, typed: Typed): Judged {
  if (typed === null) return {};
  const value = typeof typed === "number" ? typed : typed.trim() === "" ? Number.NaN : Number(typed);
  if (!Number.isFinite(value)) return { fault: `A number from ${valueText(info.min)} to ${valueText(info.max, info.unit)}.` };
  if (value < info.min - EPSILON) return { fault: `At least ${valueText(info.min, info.unit)}.` };
  if (value > info.max + EPSILON) return { fault: `At most ${valueText(info.max, info.unit)}.` };
  const steps = (value - info.min) / info.step;
  if (Math.abs(steps - Math.round(steps)) > 1e-6)
    return { note: `Between two steps of ${valueText(info.step)}: allowed, though a search would not look there.` };
  return {};
}

/** The draft as changes of a layer, those that change nothing left out. Faulty ones are not in it. */
export function changesOf(draft: Draft, infos: readonly ParameterInfo[], layers: Layers, scope: Scope): Difference[] {
  const layer = layerOf(scope);
  if (layer === null) return [];
  const own = ownValues(layers, scope);
  const changes: Difference[] = [];
  for (const info of infos) {
    const typed = draft[info.name];
    if (typed === undefined || judge(info, typed).fault) continue;
    const from = own[info.name] ?? null;
    const to = typed === null ? (layer === "global" ? info.default : null) : Number(typed);
    if (from !== to) changes.push({ layer, name: info.name, from, to });
  }
  return changes;
}

/** Names of the draft's parameters that would be refused. */
export function faultsOf(draft: Draft, infos: readonly ParameterInfo[]): string[] {
  return infos
    .filter((info) => draft[info.name] !== undefined && judge(info, draft[info.name] as Typed).fault !== undefined)
    .map((info) => info.name);
}

/** What differs between two sets of layers. */
export function differencesOf(from: Layers, to: Layers): Difference[] {
  const flat = (layers: Layers) => {
    const rows = new Map<string, { layer: string; name: string; value: number }>();
    const add = (layer: string, values: Record<string, number>) => {
      for (const [name, value] of Object.entries(values)) rows.set(`${layer}\n${name}`, { layer, name, value });
    };
    add("global", layers.global);
    for (const [symbol, values] of Object.entries(layers.symbols ?? {})) add(`symbol ${symbol}`, values);
    for (const [regime, values] of Object.entries(layers.regimes ?? {})) add(`regime ${regime}`, values);
    return rows;
  };
  const before = flat(from);
  const after = flat(to);
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys
    .map((key) => {
      const row = (before.get(key) ?? after.get(key))!;
      return { layer: row.layer, name: row.name, from: before.get(key)?.value ?? null, to: after.get(key)?.value ?? null };
    })
    .filter((row) => row.from !== row.to);
}

/** Name, unit, bounds and meaning of each parameter; they do not change while a server runs. */
export function useParameterInfos(): ParameterInfo[] {
  return useApi("/api/parameters/schema", undefined, { staleTime: Infinity }).data?.parameters ?? [];
}

export const everyParameterPath = [
  "/api/parameters",
  "/api/parameters/history",
  "/api/parameters/proposals",
  "/api/parameters/diff",
  "/api/rl-training/targets",
  "/api/rl-training/status",
  "/api/live/state",
] as const;
