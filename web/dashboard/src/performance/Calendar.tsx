import { ActionIcon, Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { useRefreshOn, type Schema } from "../api";
import { Empty, format, Icon, KeyValue, Loading, Money, PagedTable, Panel, Percent, Read, type Column } from "../ui";
import { usePeriods } from "./useDays";

type Period = Schema<"PerformancePeriod">;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LONG_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const modes = [
  { value: "return", label: "Return" },
  { value: "excess", label: "Against buy and hold" },
  { value: "pnl", label: "Profit" },
  { value: "trades", label: "Trades" },
] as const;
type Mode = (typeof modes)[number]["value"];

/** What is shown of a stretch of time: a month, a day, or a year put together from months. */
export interface Stretch {
  start_equity: number;
  end_equity: number;
  held: number; // return of buy and hold
  trades: number;
  won: number;
}

export function stretchOf(period: Period): Stretch {
  const { start_equity, end_equity, trades, won } = period;
  return { start_equity, end_equity, held: period.buy_and_hold_return, trades, won };
}

/** Several stretches, oldest first, as one. */
export function together(parts: readonly Stretch[]): Stretch {
  return {
    start_equity: parts[0]?.start_equity ?? 0,
    end_equity: parts.at(-1)?.end_equity ?? 0,
    held: parts.reduce((growth, part) => growth * (1 + part.held), 1) - 1,
    trades: parts.reduce((sum, part) => sum + part.trades, 0),
    won: parts.reduce((sum, part) => sum + part.won, 0),
  };
}

function returnOf(stretch: Stretch): number | null {
  return stretch.start_equity > 0 ? stretch.end_equity / stretch.start_equity - 1 : null;
}

/** The figure that colours a cell, and its text. */
export function figureOf(stretch: Stretch, mode: Mode): { value: number | null; text: string } {
  const own = returnOf(stretch);
  switch (mode) {
    case "pnl": {
      const value = stretch.end_equity - stretch.start_equity;
      return { value, text: format.number(value, { digits: 0, sign: true }) };
    }
    case "excess": {
      const value = own === null ? null : own - stretch.held;
      return { value, text: format.number(value === null ? null : value * 100, { digits: 1, sign: true }) };
    }
    case "trades":
      return { value: null, text: stretch.trades === 0 ? "0" : `${stretch.won} of ${stretch.trades}` };
    default:
      return { value: own, text: format.percent(own, { digits: 1, sign: true }) };
  }
}

const unitOf: Record<Mode, string> = {
  return: "Change of the account's equity, positions that are held at their price then.",
  excess: "Percentage points by which the account did better (+) or worse (−) than buying at its beginning and holding.",
  pnl: "Change of the account's equity in USDT.",
  trades: "Trades closed with a profit, of all that were closed.",
};

/** 0 to 55 %: how strongly a cell is coloured. */
function strength(value: number | null, most: number): string {
  if (value === null || most <= 0) return "0%";
  return `${Math.round(8 + 42 * Math.min(1, Math.abs(value) / most))}%`;
}

function Cell({
  name,
  label,
  stretch,
  mode,
  most,
  total,
  pressed,
  onChoose,
}: {
  name: string;
  label: string;
  stretch: Stretch | undefined;
  mode: Mode;
  most: number;
  total?: boolean;
  pressed?: boolean;
  onChoose?: () => void;
}) {
  if (!stretch)
    return (
      <div className="period-cell" data-none>
        <span className="cell-name" aria-hidden="true">
          {name}
        </span>
        <span className="visually-hidden">{label}: not traded</span>
        <span aria-hidden="true">{format.MISSING}</span>
      </div>
    );
  const { value, text } = figureOf(stretch, mode);
  const way = value === null || value === 0 ? undefined : value > 0 ? "gain" : "loss";
  const inner = (
    <>
      <span className="visually-hidden">{label}: </span>
      <span className="cell-name" aria-hidden="true">
        {name}
      </span>
      <span>{text}</span>
    </>
  );
  const look = {
    className: "period-cell",
    "data-way": way,
    "data-total": total || undefined,
    style: { "--strength": strength(value, most) } as React.CSSProperties,
  };
  return onChoose ? (
    <button type="button" {...look} onClick={onChoose} aria-pressed={pressed}>
      {inner}
    </button>
  ) : (
    <div {...look}>{inner}</div>
  );
}

/** The size that most cells stay below, so that one wild month does not bleach the rest. */
function usual(values: (number | null)[]): number {
  const sizes = values.filter((value): value is number => value !== null).map(Math.abs).sort((a, b) => a - b);
  return sizes[Math.floor((sizes.length - 1) * 0.9)] ?? 0;
}

function MonthGrid({ months, mode, chosen, choose }: { months: readonly Period[]; mode: Mode; chosen: string; choose: (month: string) => void }) {
  const byMonth = new Map(months.map((month) => [month.period, stretchOf(month)]));
  const years = [...new Set(months.map((month) => month.period.slice(0, 4)))].sort().reverse();
  const most = usual([...byMonth.values()].map((stretch) => figureOf(stretch, mode).value));
  return (
    <div className="year-grid" role="group" aria-label="Months">
      <span className="grid-head" />
      {MONTHS.map((month) => (
        <span className="grid-head" key={month} aria-hidden="true">
          {month}
        </span>
      ))}
      <span className="grid-head">Year</span>
      {years.map((year) => {
        const keys = MONTHS.map((_, at) => `${year}-${String(at + 1).padStart(2, "0")}`);
        const parts = keys.flatMap((key) => byMonth.get(key) ?? []);
        return [
          <span className="grid-year" key={year}>
            {year}
          </span>,
          ...keys.map((key, at) => (
            <Cell
              key={key}
              name={MONTHS[at]!}
              label={`${LONG_MONTHS[at]} ${year}`}
              stretch={byMonth.get(key)}
              mode={mode}
              most={most}
              pressed={key === chosen}
              onChoose={() => choose(key)}
            />
          )),
          <Cell key={`${year} year`} name="Year" label={year} stretch={together(parts)} mode={mode} most={most * 3} total />,
        ];
      })}
    </div>
  );
}

function DayGrid({ month, days, mode }: { month: string; days: readonly Period[]; mode: Mode }) {
  const [year, at] = month.split("-").map(Number) as [number, number];
  const count = new Date(Date.UTC(year, at, 0)).getUTCDate();
  const before = (new Date(Date.UTC(year, at - 1, 1)).getUTCDay() + 6) % 7;
  const byDay = new Map(days.map((day) => [day.period, stretchOf(day)]));
  const most = usual([...byMonthValues(byDay, mode)]);
  return (
    <div className="day-grid" role="group" aria-label={`Days of ${LONG_MONTHS[at - 1]} ${year}`}>
      {WEEK.map((day) => (
        <span className="grid-head" key={day} aria-hidden="true">
          {day}
        </span>
      ))}
      {Array.from({ length: before }, (_, blank) => (
        <span key={`blank ${blank}`} />
      ))}
      {Array.from({ length: count }, (_, index) => {
        const key = `${month}-${String(index + 1).padStart(2, "0")}`;
        return <Cell key={key} name={String(index + 1)} label={key} stretch={byDay.get(key)} mode={mode} most={most} />;
      })}
    </div>
  );
}

function byMonthValues(stretches: Map<string, Stretch>, mode: Mode): (number | null)[] {
  return [...stretches.values()].map((stretch) => figureOf(stretch, mode).value);
}

const dayColumns: Column<Period>[] = [
  { title: "Day (UTC)", cell: (day) => <span className="digits">{day.period}</span>, heading: true },
  { title: "Return", cell: (day) => <Percent value={day.return} tone />, align: "right" },
  { title: "Profit", cell: (day) => <Money value={day.pnl} tone />, align: "right" },
  { title: "Buy and hold", cell: (day) => <Percent value={day.buy_and_hold_return} tone />, align: "right" },
  { title: "Drawdown within", cell: (day) => <Percent value={day.max_drawdown} />, align: "right" },
  { title: "Trades won", cell: (day) => (day.trades === 0 ? format.MISSING : `${day.won} of ${day.trades}`), align: "right" },
  { title: "Profit of those", cell: (day) => (day.trades === 0 ? format.MISSING : <Money value={day.trade_pnl} tone />), align: "right" },
  { title: "Fees", cell: (day) => <Money value={day.fees} />, align: "right" },
  { title: "Equity at the end", cell: (day) => <Money value={day.end_equity} />, align: "right" },
];

function MonthDetail({ period, symbol, mode }: { period: Period; symbol?: string; mode: Mode }) {
  const days = usePeriods("day", { symbol, from: Date.parse(period.from) });
  const [table, setTable] = useState(() => window.matchMedia("(min-width: 48em)").matches);
  const own = days.items.filter((day) => day.period.startsWith(period.period));
  return (
    <Stack gap="md">
      <KeyValue
        columns={3}
        rows={[
          { name: "Return", value: <Percent value={period.return} tone /> },
          { name: "Buy and hold", value: <Percent value={period.buy_and_hold_return} tone /> },
          { name: "Profit", value: <Money value={period.pnl} tone /> },
          { name: "Drawdown within", value: <Percent value={period.max_drawdown} />, help: "Largest loss from a peak within the month, on closes." },
          {
            name: "Trades won",
            value: period.trades === 0 ? "none closed" : `${period.won} of ${period.trades} (${format.percent(period.win_rate, { digits: 0 })})`,
          },
          { name: "Profit of those", value: <Money value={period.trade_pnl} tone /> },
          { name: "Fees", value: <Money value={period.fees} /> },
          { name: "Equity at the beginning", value: <Money value={period.start_equity} /> },
          { name: "Equity at the end", value: <Money value={period.end_equity} /> },
        ]}
      />
      <Read query={days.query} lines={5}>
        {() =>
          days.isComplete ? (
            <>
              <DayGrid month={period.period} days={own} mode={mode} />
              <div>
                <Button
                  variant="subtle"
                  size="compact-sm"
                  onClick={() => setTable(!table)}
                  aria-expanded={table}
                  leftSection={<Icon name={table ? "up" : "down"} size={14} />}
                >
                  {table ? "Hide the figures of each day" : "Show all figures of each day"}
                </Button>
                {table && <PagedTable label={`Days of ${period.period}`} rows={own} columns={dayColumns} keyOf={(day) => day.period} />}
              </div>
            </>
          ) : (
            <Loading what="Reading the days" lines={5} />
          )
        }
      </Read>
    </Stack>
  );
}

export function Calendar({ symbol }: { symbol?: string }) {
  const months = usePeriods("month", { symbol });
  useRefreshOn("live", ["/api/performance/periods"], { everyMs: 30_000 });
  const [search, setSearch] = useSearchParams();
  const mode: Mode = modes.find((each) => each.value === search.get("show"))?.value ?? "return";
  const put = (name: string, value: string) =>
    setSearch(
      (now) => {
        now.set(name, value);
        return now;
      },
      { replace: true },
    );
  const newest = months.items[0];
  const at = Math.max(
    0,
    months.items.findIndex((month) => month.period === search.get("month")),
  );
  const chosen = months.items[at];
  const before = months.items[at + 1];
  const after = months.items[at - 1];
  const modeData = useMemo(() => modes.map((each) => ({ ...each })), []);
  return (
    <Read
      query={months.query}
      lines={8}
      isEmpty={() => newest === undefined}
      empty={
        <Panel title="Months">
          <Empty title="No month yet">Months and days appear with the first bar that is traded.</Empty>
        </Panel>
      }
    >
      {() => (
        <>
          <Panel
            title="Months"
            aside={<SegmentedControl size="xs" data={modeData} value={mode} onChange={(value) => put("show", value)} aria-label="Figure shown" className="wrapping" />}
          >
            <MonthGrid months={months.items} mode={mode} chosen={chosen!.period} choose={(month) => put("month", month)} />
            <Text size="xs" c="dimmed" mt="sm">
              {unitOf[mode]} Months and days are those of UTC; the first and the newest may be partial. Choose a month to see its days.
            </Text>
          </Panel>
          <Panel
            title={`${LONG_MONTHS[Number(chosen!.period.slice(5)) - 1]} ${chosen!.period.slice(0, 4)}`}
            aside={
              <Group gap={4}>
                <ActionIcon variant="default" disabled={!before} onClick={() => before && put("month", before.period)} aria-label="The month before">
                  <Icon name="left" />
                </ActionIcon>
                <ActionIcon variant="default" disabled={!after} onClick={() => after && put("month", after.period)} aria-label="The month after">
                  <Icon name="right" />
                </ActionIcon>
              </Group>
            }
          >
            <MonthDetail period={chosen!} symbol={symbol} mode={mode} />
          </Panel>
        </>
      )}
    </Read>
  );
}
