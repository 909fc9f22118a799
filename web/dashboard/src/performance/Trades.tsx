import { Anchor, Drawer, Group, Stack, Text, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import { useList, useRefreshOn, type Schema } from "../api";
import { Duration, Empty, format, KeyValue, Money, NumberText, PagedTable, Panel, Percent, Price, Read, StatusBadge, TimeText, type Column } from "../ui";
import { named } from "./measures";

type Trade = Schema<"Trade">;

function base(symbol: string): string {
  return symbol.split("/")[0] ?? "";
}

function Outcome({ trade }: { trade: Trade }) {
  if (trade.open) return <StatusBadge state="Still held" tone="busy" size="sm" />;
  const won = (trade.pnl ?? 0) > 0;
  return <StatusBadge state={won ? "Won" : "Lost"} tone={won ? "good" : "bad"} size="sm" icon={won ? "up" : "down"} />;
}

/** "bull, 42 % sure" */
function behind(trade: Trade): string {
  const sure = trade.confidence === null ? "" : `${format.percent(trade.confidence, { digits: 0 })} sure`;
  return [trade.regime, sure].filter(Boolean).join(", ");
}

function Two({ children, below }: { children: ReactNode; below: ReactNode }) {
  return (
    <span className="estimate">
      {children}
      {below && <span className="estimate-note digits">{below}</span>}
    </span>
  );
}

const columns: Column<Trade>[] = [
  { title: "Trade", heading: true, cell: (trade) => <span className="digits">{`${trade.number} ${trade.side} ${trade.symbol}`}</span> },
  { title: "Outcome", cell: (trade) => <Outcome trade={trade} /> },
  {
    title: "Profit",
    align: "right",
    cell: (trade) => (
      <Two below={<Percent value={trade.return} tone />}>
        <Money value={trade.pnl} tone />
      </Two>
    ),
  },
  {
    title: "Entry",
    align: "right",
    cell: (trade) => (
      <Two below={<>at {format.price(trade.entry_price)}</>}>
        <TimeText value={trade.entry_time} part="minute" />
      </Two>
    ),
  },
  {
    title: "Exit",
    align: "right",
    cell: (trade) => (
      <Two below={trade.exit_price !== null && <>at {format.price(trade.exit_price)}</>}>
        <TimeText value={trade.exit_time} part="minute" />
      </Two>
    ),
  },
  { title: "Held", align: "right", cell: (trade) => <Held trade={trade} /> },
  { title: "Left by", cell: (trade) => <span className="nowrap">{trade.exit_reason ? named(trade.exit_reason) : format.MISSING}</span> },
  {
    title: "Entered by",
    cell: (trade) => (
      <Two below={behind(trade)}>
        <span className="nowrap">{trade.rule ? named(trade.rule) : format.MISSING}</span>
      </Two>
    ),
    wideOnly: true,
  },
];

function Details({ trade }: { trade: Trade }) {
  const missing = (text: string | null) => (text ? named(text) : format.MISSING);
  return (
    <Stack gap="md">
      <Group gap="sm">
        <Outcome trade={trade} />
        <Money value={trade.pnl} tone />
        <Percent value={trade.return} tone />
      </Group>
      <KeyValue
        rows={[
          { name: "Side", value: format.words(trade.side) },
          { name: "Units entered", value: <NumberText value={trade.units} digits={6} unit={base(trade.symbol)} /> },
          { name: "Entry filled on the bar of", value: <TimeText value={trade.entry_time} part="minute" /> },
          { name: "Entry price", value: <Price value={trade.entry_price} />, help: "Average of its fills, after spread and slippage." },
          { name: "Stop", value: <Price value={trade.stop} />, help: "Price of the protective stop that the entry set." },
          { name: "Take profit", value: <Price value={trade.take_profit} /> },
          { name: "Exit filled on the bar of", value: <TimeText value={trade.exit_time} part="minute" /> },
          { name: "Exit price", value: <Price value={trade.exit_price} /> },
          { name: "Left by", value: missing(trade.exit_reason) },
          { name: "Held", value: <Held trade={trade} /> },
          { name: "Fees", value: <Money value={trade.fees} />, help: "Of both sides, with funding once it is closed." },
          { name: "Slippage", value: <Money value={trade.slippage} />, help: "Loss of the fills against their reference prices." },
          { name: "Rule", value: missing(trade.rule) },
          { name: "Regime", value: missing(trade.regime) },
          { name: "Confidence of the decision", value: <Percent value={trade.confidence} digits={1} /> },
          {
            name: "Decision to enter",
            value:
              trade.decision === null ? (
                format.MISSING
              ) : (
                <Anchor component={Link} to={`/live?decision=${trade.decision}`} size="sm">
                  number {format.count(trade.decision)}
                </Anchor>
              ),
          },
          {
            name: "Parameters",
            value:
              trade.parameter_version === null ? (
                format.MISSING
              ) : (
                <Anchor component={Link} to={`/parameters/history#version-${trade.parameter_version}`} size="sm">
                  version {trade.parameter_version}
                </Anchor>
              ),
          },
          { name: "Order", value: <span className="code">{trade.order_id || format.MISSING}</span> },
        ]}
      />
      {trade.exit_reason === null && !trade.open && <Text size="sm">Why it was left is not on record.</Text>}
    </Stack>
  );
}

function Held({ trade }: { trade: Trade }) {
  return trade.duration_ms === 0 ? <>within one bar</> : <Duration ms={trade.duration_ms} />;
}

export function Trades({ symbol }: { symbol?: string }) {
  const [search, setSearch] = useSearchParams();
  const from = search.get("from") ?? "";
  const to = search.get("to") ?? "";
  const isDay = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isTurned = isDay(from) && isDay(to) && from > to;
  const list = useList(
    "/api/live/trades",
    {
      query: {
        limit: 50,
        symbol,
        from: isDay(from) ? `${from}T00:00:00.000Z` : undefined,
        to: isDay(to) ? `${to}T23:59:59.999Z` : undefined,
      },
    },
    { enabled: !isTurned },
  );
  useRefreshOn("fills", ["/api/live/trades"], { everyMs: 5_000 });
  const put = (name: string, value: string | null) =>
    setSearch(
      (now) => {
        if (value) now.set(name, value);
        else now.delete(name);
        return now;
      },
      { replace: true },
    );
  const opened = list.items.find((trade) => String(trade.number) === search.get("trade"));
  return (
    <Panel
      title="Trades"
      aside={
        <Group gap="xs" align="flex-start">
          <TextInput size="xs" type="date" label="Held from (UTC)" value={from} onChange={(event) => put("from", event.currentTarget.value)} />
          <TextInput
            size="xs"
            type="date"
            label="to"
            value={to}
            error={isTurned ? "Lies before the first day." : undefined}
            onChange={(event) => put("to", event.currentTarget.value)}
          />
        </Group>
      }
    >
      <Text size="sm" mb="sm">
        Round trips from flat to flat, newest entry first; profits are net of fees, spread and slippage.
      </Text>
      {!isTurned && (
        <Read query={list.query} lines={8}>
          {() => (
            <PagedTable
              label="Trades"
              rows={list.items}
              columns={columns}
              keyOf={(trade) => trade.number}
              onOpen={(trade) => put("trade", String(trade.number))}
              openLabel={(trade) => `Open trade ${trade.number}, ${trade.side} ${trade.symbol}`}
              selected={(trade) => trade === opened}
              hasMore={list.hasMore}
              more={list.more}
              isReadingMore={list.isReadingMore}
              empty={
                <Empty title="No trade">
                  {from || to || symbol ? "None was held in this time. Choose other days." : "One appears with the first position that is entered."}
                </Empty>
              }
            />
          )}
        </Read>
      )}
      <Drawer
        opened={opened !== undefined}
        onClose={() => put("trade", null)}
        position="right"
        size="md"
        title={opened ? `Trade ${opened.number}: ${opened.side} ${opened.symbol}` : ""}
        closeButtonProps={{ "aria-label": "Close the trade" }}
      >
        {opened && <Details trade={opened} />}
      </Drawer>
    </Panel>
  );
}
