import { Group, Select, Stack, Text } from "@mantine/core";
import { useSearchParams } from "react-router";
import { useApi, type Schema } from "../api";
import { Count, Empty, format, Help, KeyValue, Panel, Percent, Read, StatusBadge } from "../ui";
import { Estimate } from "./Estimate";
import { span, tooFew, named } from "./measures";

type Check = Schema<"PerformanceCalibration">;
type Bin = Check["bins"][number];

const WIDTH = 480; // of the drawing
const PLOT = { left: 70, top: 10, size: 380 };
const COUNTS = { top: PLOT.top + PLOT.size + 66, height: 60 };

function range(bin: Bin): string {
  return span(bin.low, bin.high, "share").replace(/\.0/g, "");
}

/** Share of won trades over confidence, with the number of trades of each bin below. */
export function ReliabilityDiagram({ check }: { check: Check }) {
  const x = (share: number) => PLOT.left + share * PLOT.size;
  const y = (share: number) => PLOT.top + (1 - share) * PLOT.size;
  const most = Math.max(1, ...check.bins.map((bin) => bin.trades));
  const shown = check.bins.filter((bin) => bin.trades > 0 && bin.share_won !== null && bin.mean_confidence !== null);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return (
    <svg
      className="reliability"
      viewBox={`0 0 ${WIDTH} ${COUNTS.top + COUNTS.height + 28}`}
      role="img"
      aria-label={`Share of trades that won over the confidence of their entry, ${check.trades} trades; the table holds the numbers`}
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <line className="grid" x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
          <text x={x(0) - 8} y={y(tick) + 4} textAnchor="end">
            {tick * 100} %
          </text>
          <text x={x(tick)} y={y(0) + 18} textAnchor="middle">
            {tick * 100} %
          </text>
        </g>
      ))}
      <text x={x(0.5)} y={y(0) + 38} textAnchor="middle">
        Confidence of the entry
      </text>
      <text transform={`translate(16 ${y(0.5)}) rotate(-90)`} textAnchor="middle">
        Share of trades that won
      </text>
      <line className="perfect" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
      <text x={x(0.79)} y={y(0.88)} textAnchor="end">
        as confident as right
      </text>
      <rect className="axis" x={x(0)} y={y(1)} width={PLOT.size} height={PLOT.size} />
      {shown.map((bin) => (
        <g key={bin.low} data-few={bin.few || undefined}>
          {bin.interval && (
            <line className="interval" x1={x(bin.mean_confidence!)} x2={x(bin.mean_confidence!)} y1={y(bin.interval.low)} y2={y(bin.interval.high)} />
          )}
          <circle className="dot" cx={x(bin.mean_confidence!)} cy={y(bin.share_won!)} r={5} />
        </g>
      ))}
      {check.bins.map((bin) => {
        const height = (bin.trades / most) * COUNTS.height;
        const middle = x((bin.low + bin.high) / 2);
        return (
          <g key={bin.low}>
            <rect className="bar" x={x(bin.low) + 1} width={Math.max(1, x(bin.high) - x(bin.low) - 2)} y={COUNTS.top + COUNTS.height - height} height={height} />
            {bin.trades > 0 && check.bins.length <= 10 && (
              <text x={middle} y={COUNTS.top + COUNTS.height - height - 4} textAnchor="middle">
                {bin.trades}
              </text>
            )}
          </g>
        );
      })}
      <line className="axis" x1={x(0)} x2={x(1)} y1={COUNTS.top + COUNTS.height} y2={COUNTS.top + COUNTS.height} />
      <text x={x(0.5)} y={COUNTS.top + COUNTS.height + 18} textAnchor="middle">
        Trades of each confidence
      </text>
    </svg>
  );
}

function Scores({ check }: { check: Check }) {
  return (
    <Stack gap="sm">
      {check.too_few && (
        <Group gap="xs" align="flex-start" wrap="nowrap" className="said">
          <StatusBadge state="Too few to say" tone="warn" />
          <Text size="sm">{tooFew(check.trades, "closed trade")} No score is given.</Text>
        </Group>
      )}
      <KeyValue
        rows={[
          { name: "Closed trades", value: <Count value={check.trades} /> },
          { name: "Of those won", value: <Percent value={check.share_won} digits={1} /> },
          ...(check.without_confidence > 0 ? [{ name: "Without a confidence", value: <Count value={check.without_confidence} /> }] : []),
          {
            name: "Calibration error",
            value: <Estimate metric={check.expected_calibration_error} kind="share" />,
            help: "How far, on average, the share won lies from the confidence. 0 is as confident as right.",
          },
          {
            name: "Brier score",
            value: <Estimate metric={check.brier} kind="ratio" />,
            help: "Mean squared distance between confidence and outcome: 0 is best, 0.25 is what always saying 50 % gets.",
          },
          {
            name: "Brier skill",
            value: <Estimate metric={check.brier_skill} kind="ratio" tone />,
            help: "Against always saying the share that won: above 0 the confidence knows something, below 0 it misleads.",
          },
        ]}
      />
      <Text size="sm">
        On the dashed line a confidence means what it says: of the trades entered with 70&nbsp;% seven in ten win. Below it the strategy is too sure, above it
        too shy. The line through a dot is its {format.percent(check.level, { digits: 0 })} interval; a hollow dot stands on fewer than 30 trades.
      </Text>
    </Stack>
  );
}

/** The same in numbers: narrow enough to stay a table on a phone. */
function Bins({ check }: { check: Check }) {
  return (
    <div className="table-scroll" role="region" aria-label="Confidence and outcome, as numbers" tabIndex={0}>
      <table className="compact" aria-label="Confidence and outcome">
        <thead>
          <tr>
            <th scope="col">Confidence</th>
            <th scope="col" data-align="right">Trades</th>
            <th scope="col" data-align="right" className="wide-only">Won</th>
            <th scope="col" data-align="right" className="wide-only">Mean confidence</th>
            <th scope="col" data-align="right">Share won</th>
            <th scope="col" data-align="right">{format.percent(check.level, { digits: 0 })} interval</th>
            <th scope="col" data-align="right" className="wide-only">Too sure by</th>
          </tr>
        </thead>
        <tbody>
          {check.bins
            .filter((bin) => bin.trades > 0)
            .map((bin) => (
              <tr key={bin.low}>
                <th scope="row">
                  <span className="group-name">
                    <span className="digits">{range(bin)}</span>
                    {bin.few && <span className="few-note">too few to say</span>}
                  </span>
                </th>
                <td data-align="right">
                  <Count value={bin.trades} />
                </td>
                <td data-align="right" className="wide-only">
                  <Count value={bin.won} />
                </td>
                <td data-align="right" className="wide-only">
                  <Percent value={bin.mean_confidence} digits={1} />
                </td>
                <td data-align="right">
                  <Percent value={bin.share_won} digits={1} />
                </td>
                <td data-align="right">
                  <span className="digits">{span(bin.interval?.low, bin.interval?.high, "share") || format.MISSING}</span>
                </td>
                <td data-align="right" className="wide-only">
                  <span className="digits">
                    {bin.mean_confidence === null || bin.share_won === null
                      ? format.MISSING
                      : `${format.number((bin.mean_confidence - bin.share_won) * 100, { digits: 1, sign: true })} points`}
                  </span>
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

export function Calibration({ symbol }: { symbol?: string }) {
  const [search, setSearch] = useSearchParams();
  const bins = search.get("bins") === "5" || search.get("bins") === "20" ? Number(search.get("bins")) : 10;
  const rule = search.get("rule") ?? "";
  const check = useApi("/api/performance/calibration", { query: { bins, rule: rule || undefined, symbol } }, { keepPrevious: true });
  const rules = useApi("/api/performance/groups", { query: { by: "rule", symbol } });
  const known = (rules.data?.groups ?? []).map((group) => group.key).filter((key) => key !== "unknown");
  const put = (name: string, value: string) =>
    setSearch(
      (now) => {
        if (value) now.set(name, value);
        else now.delete(name);
        return now;
      },
      { replace: true },
    );
  return (
    <Panel
      title={
        <>
          Is it as right as it is sure?
          <Help about="calibration">
            A decision to enter carries a confidence from 0 to 100 %: how far its conditions are exceeded. It is no probability; here it is looked at whether
            it could be read as one.
          </Help>
        </>
      }
      aside={
        <Group gap="xs">
          <Select
            size="xs"
            w={150}
            aria-label="Rule"
            data={[{ value: "", label: "All rules" }, ...known.map((key) => ({ value: key, label: named(key) }))]}
            value={known.includes(rule) ? rule : ""}
            allowDeselect={false}
            onChange={(value) => put("rule", value ?? "")}
          />
          <Select
            size="xs"
            w={100}
            aria-label="Number of bins"
            data={["5", "10", "20"].map((value) => ({ value, label: `${value} bins` }))}
            value={String(bins)}
            allowDeselect={false}
            onChange={(value) => put("bins", value === "10" ? "" : (value ?? ""))}
          />
        </Group>
      }
    >
      <Read
        query={check}
        lines={8}
        isEmpty={(data) => data.trades === 0}
        empty={<Empty title="No trade to compare yet">It needs closed trades whose entry carried a confidence.</Empty>}
      >
        {(data) => (
          <Stack gap="md">
            <div className="reliability-place">
              <ReliabilityDiagram check={data} />
              <Scores check={data} />
            </div>
            <Bins check={data} />
          </Stack>
        )}
      </Read>
    </Panel>
  );
}
