import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useSearchParams } from "react-router";
import { useApi, useRefreshOn, type Schema } from "../api";
import { Count, Duration, Empty, format, Money, NumberText, PagedTable, Panel, Percent, Read, StatusBadge, type Column } from "../ui";
import { scaleOf, Whisker } from "./Estimate";
import { FEW_TRADES, named, span } from "./measures";

type Group = Schema<"PerformanceGroup">;
type Row = Group & { isAll?: boolean };

const kinds = [
  { value: "rule", label: "Rule", lead: "The rule of the strategy that entered." },
  { value: "regime", label: "Regime", lead: "What the market was like when the entry was decided." },
  { value: "symbol", label: "Symbol", lead: "What was traded." },
  { value: "exit", label: "Exit", lead: "Why the position was left. Stops lose and targets gain by their nature: compare how often each came." },
  { value: "side", label: "Side", lead: "Long gains when the price rises, short when it falls." },
  { value: "version", label: "Parameters", lead: "The version of the parameters that decided the entry." },
] as const;
type Kind = (typeof kinds)[number]["value"];

function nameOf(row: Row, kind: Kind): string {
  if (row.isAll) return "All trades";
  if (row.key === "unknown") return named(row.key);
  if (kind === "symbol") return row.key;
  if (kind === "version") return `Version ${row.key}`;
  return named(row.key);
}

export function Groups({ symbol }: { symbol?: string }) {
  const [search, setSearch] = useSearchParams();
  const kind = kinds.find((each) => each.value === search.get("by")) ?? kinds[0];
  const groups = useApi("/api/performance/groups", { query: { by: kind.value, symbol } }, { keepPrevious: true });
  useRefreshOn(["fills", "live"], ["/api/performance/groups"], { everyMs: 15_000 });
  const by = groups.data?.by ?? kind.value;
  const rows: Row[] = groups.data ? [...groups.data.groups, ...(groups.data.all ? [{ ...groups.data.all, isAll: true }] : [])] : [];
  const scale = scaleOf(rows.flatMap((row) => [row.expectancy, row.expectancy_interval?.low, row.expectancy_interval?.high]));
  const columns: Column<Row>[] = [
    {
      title: kinds.find((each) => each.value === by)?.label ?? "Group",
      heading: true,
      cell: (row) => (
        <span className="group-name">
          <span className={row.isAll ? "group-all" : undefined}>{nameOf(row, by)}</span>
          {row.few && <StatusBadge state="Too few to say" tone="warn" size="sm" />}
        </span>
      ),
    },
    { title: "Trades", align: "right", cell: (row) => <Count value={row.trades} /> },
    {
      title: "Win rate",
      align: "right",
      cell: (row) => (
        <span className="estimate">
          <Percent value={row.win_rate} digits={1} />
          <span className="estimate-note digits">{span(row.win_rate_interval.low, row.win_rate_interval.high, "share")}</span>
        </span>
      ),
    },
    {
      title: "Mean profit",
      align: "right",
      cell: (row) => (
        <span className="estimate">
          <Money value={row.expectancy} tone />
          <span className="estimate-note digits">
            {row.expectancy_interval
              ? `${format.number(row.expectancy_interval.low)} to ${format.number(row.expectancy_interval.high)}`
              : "no interval below 10 trades"}
          </span>
        </span>
      ),
    },
    {
      title: "Against zero",
      wideOnly: true,
      cell: (row) => (
        <Whisker value={row.expectancy} low={row.expectancy_interval?.low} high={row.expectancy_interval?.high} {...scale} faint={row.few} />
      ),
    },
    { title: "Mean return", align: "right", cell: (row) => <Percent value={row.mean_return} tone digits={2} /> },
    {
      title: "Profit factor",
      align: "right",
      cell: (row) => (row.profit_factor === null ? <span title="no trade lost money">{format.MISSING}</span> : <NumberText value={row.profit_factor} />),
    },
    {
      title: "Profit",
      align: "right",
      cell: (row) => (
        <span className="estimate">
          <Money value={row.pnl} tone />
          <span className="estimate-note digits">fees {format.money(row.fees)}</span>
        </span>
      ),
    },
    { title: "Held", align: "right", cell: (row) => <Duration ms={row.mean_duration_ms} /> },
  ];
  return (
    <Panel
      title="Closed trades by what they have in common"
      aside={
        <SegmentedControl
          size="xs"
          className="wrapping"
          aria-label="Put trades together by"
          data={kinds.map(({ value, label }) => ({ value, label }))}
          value={kind.value}
          onChange={(value) =>
            setSearch(
              (now) => {
                now.set("by", value);
                return now;
              },
              { replace: true },
            )
          }
        />
      }
    >
      <Read
        query={groups}
        lines={6}
        isEmpty={(data) => data.groups.length === 0}
        empty={<Empty title="No trade has closed yet">Groups appear with the first position that is left.</Empty>}
      >
        {(data) => (
          <Stack gap="sm">
            <Text size="sm">
              {kind.lead} A line under a figure is its {format.percent(data.level, { digits: 0 })} interval; below {FEW_TRADES} trades a group says
              little. Among several groups the best looks better than it is.
            </Text>
            <PagedTable label={`Closed trades by ${kind.label.toLowerCase()}`} rows={rows} columns={columns} keyOf={(row) => (row.isAll ? "all trades" : row.key)} />
            {data.trades_left_out > 0 && (
              <Text size="xs" c="dimmed">
                {format.count(data.trades_left_out)} oldest trades are not counted: the newest 100,000 are at hand.
              </Text>
            )}
          </Stack>
        )}
      </Read>
    </Panel>
  );
}
