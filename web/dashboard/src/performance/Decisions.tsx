import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useSearchParams } from "react-router";
import { useApi, useRefreshOn, type Schema } from "../api";
import { Count, Empty, format, PagedTable, Panel, Percent, Read, StatusBadge, type Column } from "../ui";
import { Calibration } from "./Calibration";
import { scaleOf, Whisker } from "./Estimate";
import { named, span } from "./measures";

type Quality = Schema<"PerformanceDecisions">;
type Follow = Quality["entries"][number];

const horizons = ["1", "4", "24", "72", "168"];

const reasons: Record<string, string> = {
  no_rule: "No rule qualified",
  qualified: "Qualified to enter",
  mean_reached: "Left at the mean",
  not_ready: "Too few bars to measure yet",
  holding: "A position was held",
  cost_cap: "Too dear for the cost cap",
};

/** "cost_cap/breakout" is told as "Too dear for the cost cap: breakout". */
function reasonName(key: string): string {
  const [reason = key, rule] = key.split("/");
  const name = reasons[reason] ?? format.words(reason);
  return rule ? `${name}: ${rule}` : name;
}

/** Counts with a bar each, most first. */
function Counts({ label, counts, all, name = format.words }: { label: string; counts: Record<string, number>; all: number; name?: (key: string) => string }) {
  const rows = Object.entries(counts)
    .map(([key, count]) => ({ key, count }))
    .sort((a, b) => b.count - a.count);
  if (rows.length === 0)
    return (
      <Text c="dimmed" size="sm">
        None.
      </Text>
    );
  return (
    <div className="table-scroll" role="region" aria-label={`${label}, as numbers`} tabIndex={0}>
      <table className="compact" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{label}</th>
            <th scope="col" data-align="right">Decisions</th>
            <th scope="col" data-align="right">Share</th>
            <td className="wide-only" />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row" className="wrap">
                {name(row.key)}
              </th>
              <td data-align="right">
                <Count value={row.count} />
              </td>
              <td data-align="right">
                <Percent value={all > 0 ? row.count / all : null} digits={1} />
              </td>
              <td className="wide-only" aria-hidden="true">
                <span className="count-track">
                  <span className="count-bar" style={{ width: `${all > 0 ? (100 * row.count) / all : 0}%` }} />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function followName(follow: Follow): string {
  if (follow.what !== "taken") return `Denied: ${format.words(follow.what).toLowerCase()}`;
  return follow.rule === null ? "All entries taken" : `Taken by ${follow.rule}`;
}

function FollowUps({ quality }: { quality: Quality }) {
  const scale = scaleOf(
    [...quality.entries.flatMap((follow) => [follow.mean_return, follow.mean_return_interval?.low, follow.mean_return_interval?.high]), quality.market_return],
    0,
  );
  const bars = `${quality.horizon_bars} bar${quality.horizon_bars === 1 ? "" : "s"}`;
  const columns: Column<Follow>[] = [
    {
      title: "Entries",
      heading: true,
      cell: (follow) => (
        <span className="group-name">
          <span className={follow.what === "taken" && follow.rule === null ? "group-all" : undefined}>{followName(follow)}</span>
          {follow.few && <StatusBadge state="Too few to say" tone="warn" size="sm" />}
        </span>
      ),
    },
    { title: "Count", align: "right", cell: (follow) => <Count value={follow.entries} /> },
    {
      title: "Not over yet",
      align: "right",
      cell: (follow) => <Count value={follow.pending} />,
    },
    {
      title: "Price went that way",
      align: "right",
      cell: (follow) => (
        <span className="estimate">
          <Percent value={follow.share_right} digits={1} />
          <span className="estimate-note digits">{span(follow.share_right_interval?.low, follow.share_right_interval?.high, "share")}</span>
        </span>
      ),
    },
    {
      title: "Mean move that way",
      align: "right",
      cell: (follow) => (
        <span className="estimate">
          <Percent value={follow.mean_return} tone digits={2} />
          <span className="estimate-note digits">
            {follow.mean_return_interval
              ? `${format.percent(follow.mean_return_interval.low)} to ${format.percent(follow.mean_return_interval.high)}`
              : ""}
          </span>
        </span>
      ),
    },
    {
      title: "Against zero",
      wideOnly: true,
      cell: (follow) => (
        <Whisker value={follow.mean_return} low={follow.mean_return_interval?.low} high={follow.mean_return_interval?.high} {...scale} faint={follow.few} />
      ),
    },
  ];
  return (
    <Stack gap="sm">
      <Text size="sm">
        Where the price stood {bars} after each decision to enter, before costs, whether or not the position was still held. An entry that knows
        something is right more often than half the time, and entries that were denied would not have done better.
        {quality.market_return !== null &&
          ` From any bar the price moved ${format.percent(quality.market_return, { sign: true })} on average over as long: what being long at any time gave.`}
      </Text>
      <Text size="xs" c="dimmed">
        Below a figure stands its {format.percent(quality.level, { digits: 0 })} interval. Entries less than {bars} apart share bars: theirs are narrower than
        they should be.
      </Text>
      <PagedTable
        label="What followed decisions to enter"
        rows={quality.entries}
        keyOf={(follow) => `${follow.what} ${follow.rule ?? ""}`}
        columns={columns}
        empty={<Empty title="No entry has been decided yet">What followed is shown once the first one lies {bars} back.</Empty>}
      />
    </Stack>
  );
}

export function Decisions({ symbol }: { symbol?: string }) {
  const [search, setSearch] = useSearchParams();
  const horizon = horizons.find((each) => each === search.get("horizon")) ?? "24";
  const quality = useApi("/api/performance/decisions", { query: { horizon: Number(horizon), symbol } }, { keepPrevious: true });
  useRefreshOn(["decisions", "live"], ["/api/performance/decisions", "/api/performance/calibration"], { everyMs: 15_000 });
  return (
    <>
      <Panel
        title="What followed the decisions to enter"
        aside={
          <SegmentedControl
            size="xs"
            aria-label="Bars after the decision"
            data={horizons.map((bars) => ({ value: bars, label: bars === "1" ? "1 bar" : `${bars} bars` }))}
            value={horizon}
            className="wrapping"
            onChange={(value) =>
              setSearch(
                (now) => {
                  now.set("horizon", value);
                  return now;
                },
                { replace: true },
              )
            }
          />
        }
      >
        <Read query={quality} lines={6}>
          {(data) => <FollowUps quality={data} />}
        </Read>
      </Panel>
      <Calibration symbol={symbol} />
      <div className="two-panels">
        <Panel title="Why it decided as it did">
          <Read query={quality} lines={6}>
            {(data) => (
              <>
                <Text size="sm" mb="xs">
                  <Count value={data.decisions} /> decisions, one for each bar of each symbol.
                </Text>
                <Counts label="Reason" counts={data.reasons} all={data.decisions} name={reasonName} />
              </>
            )}
          </Read>
        </Panel>
        <Panel title="What it wanted, and what was refused">
          <Read query={quality} lines={6}>
            {(data) => {
              const wanted = Object.values(data.actions).reduce((sum, count) => sum + count, 0);
              const denied = Object.values(data.denials).reduce((sum, count) => sum + count, 0);
              return (
                <Stack gap="md">
                  <Text size="sm">
                    {format.count(wanted)} decisions wanted something; the risk engine or the broker refused {format.count(denied)} of them
                    {wanted > 0 ? ` (${format.percent(denied / wanted, { digits: 1 })})` : ""}.
                  </Text>
                  <Counts label="Action" counts={data.actions} all={wanted} name={named} />
                  {denied > 0 && <Counts label="Refused because of" counts={data.denials} all={wanted} name={named} />}
                </Stack>
              );
            }}
          </Read>
        </Panel>
      </div>
    </>
  );
}
