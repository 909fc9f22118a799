import type { Curve } from "./words";

/**
 * Smoothed as TensorBoard does: an exponential mean of `weight`, 0 to below 1, corrected for its begin at 0. Of the
 * thinned curve: where points lie further apart each of them counts the same.
 */
export function smoothed(values: readonly number[], weight: number): number[] {
  if (weight <= 0) return [...values];
  let last = 0;
  let correction = 1;
  return values.map((value) => {
    last = last * weight + (1 - weight) * value;
    correction *= weight;
    return last / (1 - correction);
  });
}

/** Curves of several runs on one axis: x holds every step of any, a run is null where it has no point. */
export function onOneAxis(curves: readonly { steps: readonly number[]; values: readonly number[] }[]): {
  x: number[];
  values: (number | null)[][];
} {
  const x = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
  const place = new Map(x.map((step, at) => [step, at]));
  return {
    x,
    values: curves.map((curve) => {
      const row: (number | null)[] = x.map(() => null);
      curve.steps.forEach((step, at) => {
        row[place.get(step)!] = curve.values[at] ?? null;
      });
      return row;
    }),
  };
}

/** Straight lines between the points of a run, so that its line has no holes where only others have points. */
export function withoutHoles(x: readonly number[], values: readonly (number | null)[]): (number | null)[] {
  const filled = [...values];
  let before = -1;
  values.forEach((value, at) => {
    if (value === null) return;
    if (before >= 0) {
      for (let hole = before + 1; hole < at; ++hole) {
        const share = (x[hole]! - x[before]!) / (x[at]! - x[before]!);
        filled[hole] = values[before]! + share * (value - values[before]!);
      }
    }
    before = at;
  });
  return filled;
}

/** Tags of all curves by their first part, "train" of "train/loss", in order of name. */
export function tagGroups(curves: readonly Curve[]): { group: string; tags: { tag: string; name: string }[] }[] {
  const groups = new Map<string, Map<string, string>>();
  for (const curve of curves) {
    const group = curve.tag.includes("/") ? curve.tag.split("/")[0]! : "other";
    if (!groups.has(group)) groups.set(group, new Map());
    groups.get(group)!.set(curve.tag, curve.name);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([group, tags]) => ({
    group,
    tags: [...tags].sort(([a], [b]) => a.localeCompare(b)).map(([tag, name]) => ({ tag, name })),
  }));
}
