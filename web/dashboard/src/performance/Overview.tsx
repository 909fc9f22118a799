import { Anchor, Group, SegmentedControl, Stack, Switch, Text } from "@mantine/core";
import { useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import { useApi, useRefreshOn, type Schema } from "../api";
import { Count, Empty, format, Help, Loading, Money, Panel, Read, StatusBadge, TimeText } from "../ui";
import { LongSeries } from "../ui/LongSeries";
import { Estimate, Named } from "./Estimate";
import { heldAt } from "./held";
import { FEW_TRADES, measureOf, measures, span, tooFew } from "./measures";
import { usePeriods } from "./useDays";

type Summary = Schema<"PerformanceSummary">;
const Y_WIDTH = 76; // room for "1,234,567"
const DAY = 86_400_000;
const DAYS_BY_DAY = 1500; // more are drawn by month

/** Account and buy and hold in one sentence each, with what chance could have done. */
function verdict(summary: Summary): { tone: "good" | "bad" | "warn"; state: string; text: string } {
  const own = summary.metrics.total_return?.value ?? null;
  const held = summary.buy_and_hold.total_return?.value ?? null;
  const sharpe = summary.metrics.sharpe;
  const change = (share: number) => `${share < 0 ? "lost" : "gained"} ${format.percent(Math.abs(share), { digits: 1 })}`;
  const facts =
    own === null
      ? ""
      : `The account ${change(own)}${held === null ? "." : `, where buying and holding ${change(held)}.`}`;
  if (!sharpe || sharpe.value === null || sharpe.low === null || sharpe.high === null)
    return { tone: "warn", state: "Too few to say", text: `${facts} Too few days to tell skill from luck${sharpe?.reason ? `: ${sharpe.reason}` : ""}.` };
  const interval = `the Sharpe ratio lies between ${span(sharpe.low, sharpe.high, "ratio")}`.replace(" to ", " and ");
  if (sharpe.low > 0) return { tone: "good", state: "Better than luck", text: `${facts} Had the days fallen differently, ${interval}: above 0.` };
  if (sharpe.high < 0) return { tone: "bad", state: "Worse than luck", text: `${facts} Had the days fallen differently, ${interval}: below 0.` };
  return {
    tone: "warn",
    state: "May be luck",
    text: `${facts} Had the days fallen differently, ${interval}: these days cannot tell skill from luck.`,
  };
}

function Headline({ summary }: { summary: Summary }) {
  const said = verdict(summary);
  const figures = ["total_return", "sharpe", "max_drawdown", "win_rate", "profit_factor", "expectancy"].map(measureOf);
  return (
    <Panel
      title="At a glance"
      aside={
        <Text size="sm" c="dimmed">
          <TimeText value={summary.from} part="date" /> to <TimeText value={summary.to} part="minute" />
        </Text>
      }
    >
      <Group gap="sm" mb="md" align="flex-start" wrap="nowrap" className="said">
        <StatusBadge state={said.state} tone={said.tone} size="lg" />
        <Text size="sm">{said.text}</Text>
      </Group>
      <dl className="figure-tiles" data-columns="4">
        <div>
          <dt>Equity</dt>
          <dd>
            <Money value={summary.final_equity} />
            <span className="estimate-note">
              began with <Money value={summary.initial_equity} digits={0} />
            </span>
          </dd>
        </div>
        {figures.map((measure) => (
          <div key={measure.key}>
            <dt>
              {measure.name}
              <Help about={measure.name}>{measure.help}</Help>
            </dt>
            <dd>
              <Estimate metric={summary.metrics[measure.key]} kind={measure.kind} tone={measure.tone} />
            </dd>
          </div>
        ))}
        <div>
          <dt>Closed trades</dt>
          <dd>
            <Count value={summary.trades} />
            <span className="estimate-note">
              {summary.open_trades > 0 ? `${summary.open_trades} still open; ` : ""}
              {summary.trades < FEW_TRADES ? "too few to say" : "enough to say"}
            </span>
          </dd>
        </div>
      </dl>
      <Text size="xs" c="dimmed" mt="sm">
        Below a figure stands its {format.percent(summary.level, { digits: 0 })} interval: where it would have been had the days, or the trades,
        fallen differently.
      </Text>
    </Panel>
  );
}

function Against({ summary }: { summary: Summary }) {
  const shown = measures.filter((measure) => summary.metrics[measure.key] && measure.key !== "dsr");
  return (
    <Panel title="Against buy and hold" aside={<Text size="sm" c="dimmed">{format.count(summary.days)} days, {format.count(summary.trades)} trades</Text>}>
      {summary.trades < FEW_TRADES && (
        <Text size="sm" mb="sm">
          <StatusBadge state="Too few to say" tone="warn" size="sm" /> {tooFew(summary.trades)} Figures of trades say little yet.
        </Text>
      )}
      <div className="table-scroll" role="region" aria-label="Figures against buy and hold" tabIndex={0}>
        <table className="against">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" data-align="right">Account</th>
              <th scope="col" data-align="right">Buy and hold</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((measure) => (
              <tr key={measure.key}>
                <th scope="row">
                  <Named measure={measure} />
                </th>
                <td data-align="right">
                  <Estimate metric={summary.metrics[measure.key]} kind={measure.kind} tone={measure.tone} />
                </td>
                <td data-align="right">
                  <Estimate metric={summary.buy_and_hold[measure.key]} kind={measure.kind} tone={measure.tone} />
                </td>
              </tr>
            ))}
            <tr>
              <th scope="row">Fees paid</th>
              <td data-align="right">
                <Money value={summary.fees} />
              </td>
              <td data-align="right">
                <span className="estimate-note">not counted</span>
              </td>
            </tr>
            <tr>
              <th scope="row">Value traded</th>
              <td data-align="right">
                <Money value={summary.traded_notional} digits={0} />
              </td>
              <td data-align="right">
                <span className="estimate-note">bought once</span>
              </td>
            </tr>
          </tbody>
        </table>
      </div>
      <Text size="xs" c="dimmed" mt="sm">
        Buy and hold buys when the account begins, equal parts of each symbol, without costs.
      </Text>
    </Panel>
  );
}

const ranges = [
  { value: "all", label: "All" },
  { value: "365", label: "1 year" },
  { value: "90", label: "90 days" },
  { value: "30", label: "30 days" },
];

function Curves({ summary }: { summary: Summary }) {
  const [search, setSearch] = useSearchParams();
  const range = ranges.find((each) => each.value === search.get("range"))?.value ?? "all";
  const from = range === "all" ? undefined : new Date(Date.parse(summary.to) - Number(range) * DAY).toISOString();
  const equity = useApi("/api/live/equity", { query: { points: 1500, from } }, { keepPrevious: true });
  const byDay = summary.days <= DAYS_BY_DAY;
  const periods = usePeriods(byDay ? "day" : "month", { symbol: undefined });
  const points = equity.data?.points;
  const x = useMemo(() => (points ?? []).map((point) => Date.parse(point.time)), [points]);
  const held = useMemo(
    () => (periods.isComplete ? heldAt(x, periods.items, summary.initial_equity) : null),
    // items is made anew on every call; what it is made of is not
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [x, periods.isComplete, periods.query.data, summary.initial_equity],
  );
  const lines = useMemo(
    () => [
      { label: "Account", values: (points ?? []).map((point) => point.equity) },
      ...(held ? [{ label: byDay ? "Buy and hold" : "Buy and hold, month ends", values: held, dashed: true }] : []),
    ],
    [points, held, byDay],
  );
  const falls = useMemo(() => [{ label: "Drawdown", values: (points ?? []).map((point) => -point.drawdown), filled: true }], [points]);
  const isLog = search.get("scale") === "log";
  const put = (name: string, value: string | null) =>
    setSearch(
      (now) => {
        if (value === null) now.delete(name);
        else now.set(name, value);
        return now;
      },
      { replace: true },
    );
  const deepest = (points ?? []).reduce((most, point) => Math.max(most, point.drawdown), 0);
  return (
    <Panel
      title="Equity and drawdown"
      aside={
        <Group gap="md">
          <Switch
            size="sm"
            label="Log scale"
            checked={isLog}
            onChange={(event) => put("scale", event.currentTarget.checked ? "log" : null)}
          />
          <SegmentedControl
            size="xs"
            data={ranges}
            value={range}
            onChange={(value) => put("range", value === "all" ? null : value)}
            aria-label="Time shown"
          />
        </Group>
      }
    >
      <Read
        query={equity}
        lines={8}
        isEmpty={(data) => data.points.length < 2}
        empty={<Empty title="No curve yet">It begins with the second bar that is traded.</Empty>}
      >
        {() => (
          <Stack gap={4}>
            <Text size="sm" fw={600}>
              Equity in USDT
            </Text>
            <LongSeries
              x={x}
              lines={lines}
              write={(value) => format.number(value, { digits: 0 })}
              height={280}
              logScale={isLog}
              yWidth={Y_WIDTH}
              syncKey="equity and drawdown"
              description={`Equity of the account and of buying and holding, ${format.time(x[0], "utc", "date")} to ${format.time(x.at(-1), "utc", "date")}`}
            />
            <Text size="sm" fw={600}>
              Drawdown: loss from the highest equity until then
            </Text>
            <LongSeries
              x={x}
              lines={falls}
              write={(value) => format.percent(value, { digits: 1 })}
              height={150}
              yWidth={Y_WIDTH}
              syncKey="equity and drawdown"
              description={`Drawdown of the account, ${format.percent(deepest, { digits: 1 })} at most`}
            />
            <Text size="xs" c="dimmed">
              Drag across a chart to zoom in, double click to see all. Of the whole account.
            </Text>
          </Stack>
        )}
      </Read>
    </Panel>
  );
}

export function Overview({ symbol }: { symbol?: string }) {
  const summary = useApi("/api/performance/summary", { query: { symbol } }, { keepPrevious: true });
  useRefreshOn("live", ["/api/performance/summary", "/api/live/equity"], { everyMs: 15_000 });
  if (summary.error?.code === "api.conflict" && !summary.data)
    return (
      <Panel title="At a glance">
        <Empty
          title="Nothing to measure yet"
          action={
            <Anchor component={Link} to="/live" size="sm">
              See what the server does
            </Anchor>
          }
        >
          No bar has been traded. Figures appear with the first close.
        </Empty>
      </Panel>
    );
  if (!summary.data && !summary.error) return <Loading what="Measuring the account" lines={10} />;
  return (
    <Read query={summary}>
      {(data) => (
        <>
          <Headline summary={data} />
          <Curves summary={data} />
          <Against summary={data} />
        </>
      )}
    </Read>
  );
}
