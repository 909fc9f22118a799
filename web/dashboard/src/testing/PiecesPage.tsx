import { Button, Group, SimpleGrid, Stack } from "@mantine/core";
import { useMemo, useState } from "react";
import { ApiProblem } from "../api";
import { LongSeries } from "../ui/LongSeries";
import { PriceChart, type Candle } from "../ui/PriceChart";
import {
  Bps,
  Bytes,
  Count,
  Duration,
  Empty,
  Fault,
  Help,
  KeyValue,
  Loading,
  Money,
  NumberText,
  PagedTable,
  PageFrame,
  Panel,
  Percent,
  Price,
  ReasonDialog,
  StaleNote,
  StatusBadge,
  TimeText,
} from "../ui";

/** Every shared piece at a glance: /pieces of `npm run dev`; not part of the program. */
export default function PiecesPage() {
  const [asks, setAsks] = useState(false);
  const candles = useMemo(() => {
    const out: Candle[] = [];
    let price = 40_000;
    for (let at = 0; at < 300; ++at) {
      const open = price;
      price *= 1 + 0.01 * Math.sin(at / 9) + 0.004 * Math.sin(at * 7.3);
      out.push({ time: Date.UTC(2026, 0, 1) + at * 3_600_000, open, close: price, high: Math.max(open, price) * 1.004, low: Math.min(open, price) * 0.996 });
    }
    return out;
  }, []);
  const x = useMemo(() => Array.from({ length: 2000 }, (_, at) => Date.UTC(2020, 0, 1) + at * 86_400_000), []);
  const lines = useMemo(
    () => [
      { label: "Account", values: x.map((_, at) => 10_000 * Math.exp(at / 3000 + 0.1 * Math.sin(at / 60))) },
      { label: "Buy and hold", values: x.map((_, at) => 10_000 * Math.exp(at / 2500 + 0.3 * Math.sin(at / 200))), dashed: true },
    ],
    [x],
  );
  const drawdown = useMemo(() => [{ label: "Drawdown", values: x.map((_, at) => -Math.abs(0.2 * Math.sin(at / 90))), filled: true }], [x]);
  return (
    <PageFrame title="Pieces" lead="What pages are made of" aside={<Button onClick={() => setAsks(true)}>Ask for a reason</Button>}>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title="Numbers" aside={<Help about="numbers">Each with its unit.</Help>}>
          <KeyValue
            columns={2}
            rows={[
              { name: "Equity", value: <Money value={12345.678} /> },
              { name: "Profit", value: <Money value={-45.2} tone />, help: "Since the start" },
              { name: "Gain", value: <Percent value={0.0234} tone /> },
              { name: "Cost", value: <Bps value={6} /> },
              { name: "Price", value: <Price value={43210.5} /> },
              { name: "Trades", value: <Count value={1234} /> },
              { name: "Sharpe", value: <NumberText value={1.234} unit="per year" /> },
              { name: "Time left", value: <Duration ms={185_000} /> },
              { name: "File", value: <Bytes value={43_000_000} /> },
              { name: "Since", value: <TimeText value="2026-01-02T03:04:05.678Z" /> },
              { name: "Nothing", value: <Money value={null} /> },
            ]}
          />
        </Panel>
        <Panel title="States">
          <Stack>
            <Group gap="xs">
              <StatusBadge state="completed" tone="good" />
              <StatusBadge state="failed" tone="bad" />
              <StatusBadge state="queued" tone="warn" />
              <StatusBadge state="running" tone="busy" />
              <StatusBadge state="mean_revert" tone="neutral" />
            </Group>
            <StaleNote>The feed has been silent for two bars.</StaleNote>
            <Fault
              error={new ApiProblem({ status: 422, code: "params.out_of_bounds", title: "Value out of bounds", detail: "tpBreakout: 99 is above 10", what_to_do: "Choose a value between 1 and 10.", request_id: "abc-1" })}
              retry={() => undefined}
            />
            <Loading />
          </Stack>
        </Panel>
      </SimpleGrid>
      <Panel title="Price">
        <PriceChart
          candles={candles}
          markers={[
            { time: candles[40]!.time, kind: "buy", text: "long" },
            { time: candles[80]!.time, kind: "exit", text: "target" },
            { time: candles[150]!.time, kind: "sell", text: "short" },
            { time: candles[190]!.time, kind: "stop", text: "stop" },
          ]}
          levels={[
            { price: candles.at(-1)!.close * 1.02, title: "target", kind: "target" },
            { price: candles.at(-1)!.close * 0.98, title: "stop", kind: "stop" },
          ]}
          description="Bitcoin by the hour in January 2026, with two trades"
        />
      </Panel>
      <Panel title="Equity">
        <LongSeries x={x} lines={lines} write={(value) => (value === null ? "–" : `${value.toFixed(0)} USDT`)} description="Account and buy and hold since 2020" />
        <LongSeries x={x} lines={drawdown} height={140} write={(value) => (value === null ? "–" : `${(value * 100).toFixed(1)} %`)} description="Drawdown since 2020" />
      </Panel>
      <Panel title="Rows">
        <PagedTable
          label="Decisions"
          rows={[
            { number: 8256, time: "2021-01-09T23:00:00Z", text: "nothing: the short position of breakout is held", gain: -53.9 },
            { number: 8255, time: "2021-01-09T22:00:00Z", text: "exit: the stop was reached", gain: 120.2 },
          ]}
          keyOf={(row) => row.number}
          columns={[
            { title: "Decision", cell: (row) => <Count value={row.number} />, heading: true },
            { title: "Time", cell: (row) => <TimeText value={row.time} part="minute" /> },
            { title: "What", cell: (row) => row.text },
            { title: "Gain", cell: (row) => <Money value={row.gain} tone />, align: "right" },
          ]}
          onOpen={() => setAsks(true)}
          hasMore
          more={() => undefined}
        />
      </Panel>
      <Panel title="Nothing">
        <Empty title="No sessions yet" action={<Button variant="default">Start one</Button>}>
          A session searches for parameters beside the trading.
        </Empty>
      </Panel>
      <ReasonDialog opened={asks} onClose={() => setAsks(false)} title="Stop the session" confirm="Stop the session" danger onConfirm={async () => undefined} />
    </PageFrame>
  );
}
