import type { Schema } from "../api";

type State = Schema<"LiveState">;
type Position = Schema<"Position">;

/** What of each limit is used, as shares of the equity. */
export function usedOf({ risk, summary }: Pick<State, "risk" | "summary">, positions: readonly Pick<Position, "value">[]) {
  const { equity } = summary;
  const fall = (from: number) => (from > 0 ? Math.max(0, (from - equity) / from) : 0);
  const sizes = positions.map((position) => Math.abs(position.value));
  return {
    // The peak is read now and then, the equity is pushed: it may be ahead of it.
    drawdown: fall(Math.max(risk.peak_equity, equity)),
    day: fall(risk.day_start_equity),
    exposure: equity > 0 ? sizes.reduce((sum, size) => sum + size, 0) / equity : 0,
    largest: equity > 0 ? Math.max(0, ...sizes) / equity : 0,
  };
}
