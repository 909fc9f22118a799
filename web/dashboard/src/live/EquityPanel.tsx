import { useMemo } from "react";
import { useApi, useRefreshOn } from "../api";
import { Empty, format, Panel, Read } from "../ui";
import { LongSeries } from "../ui/LongSeries";

const POINTS = 1000;

/** Falls from the highest value until then, as shares: 0 or below. */
export function drawdownsOf(equity: readonly number[]): number[] {
  let peak = -Infinity;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? Math.min(0, value / peak - 1) : 0;
  });
}

export function EquityPanel({ quote, initial }: { quote: string; initial: number }) {
  const query = useApi("/api/live/equity", { query: { points: POINTS } }, { keepPrevious: true });
  useRefreshOn("live", ["/api/live/equity"], { everyMs: 3000 });
  const points = query.data?.points;
  const drawn = useMemo(() => {
    const equity = (points ?? []).map((point) => point.equity);
    const falls = drawdownsOf(equity);
    return {
      x: (points ?? []).map((point) => Date.parse(point.time)),
      equity: [
        { label: "Equity", values: equity },
        { label: "At the start", values: equity.map(() => initial), dashed: true },
      ],
      falls: [{ label: "Drawdown", values: falls, filled: true }],
      worst: Math.min(0, ...falls),
      last: equity.at(-1),
    };
  }, [points, initial]);
  const money = useMemo(() => (value: number | null) => format.number(value, { digits: 0 }), []);
  const share = useMemo(() => (value: number | null) => format.percent(value, { digits: 1 }), []);

  return (
    <Panel title={`Equity and drawdown, ${quote}`} id="equity">
      <Read
        query={query}
        what="Reading the equity"
        lines={5}
        isEmpty={(data) => data.points.length < 2}
        empty={<Empty title="No curve yet">It begins with the second bar that is traded on.</Empty>}
      >
        {() => (
          <div className="two-charts">
            <LongSeries
              x={drawn.x}
              lines={drawn.equity}
              write={money}
              height={190}
              description={`Equity in ${quote}: ${format.number(drawn.last)} now, ${format.number(initial)} at the start`}
            />
            {drawn.worst < 0 ? (
              <LongSeries
                x={drawn.x}
                lines={drawn.falls}
                write={share}
                height={190}
                description={`Drawdown from the peak: ${format.percent(drawn.worst)} at worst`}
              />
            ) : (
              <Empty title="No drawdown">The equity has not fallen from its peak.</Empty>
            )}
          </div>
        )}
      </Read>
    </Panel>
  );
}
