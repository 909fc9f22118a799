import { Anchor, Button, Group, Select, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { useApi } from "../api";
import { useLiveState } from "../shell/useLiveState";
import { Empty, Fault, Icon, Panel, Read } from "../ui";
import { ChangeTable } from "./ChangeTable";
import { ComparisonReport, Replaying } from "./Comparison";

const lengths = [
  { value: "2000", label: "the last 2,000 bars" },
  { value: "8760", label: "the last 8,760 bars" },
  { value: "26280", label: "the last 26,280 bars" },
  { value: "1000000", label: "all bars" },
];

/** Two versions: what differs, and what both would have come to on the same bars. */
export function Compare() {
  const [search, setSearch] = useSearchParams();
  const newest = useApi("/api/parameters", undefined, { refetchInterval: 15_000 });
  return (
    <Read query={newest} what="Reading the versions">
      {(current) => {
        const last = current.version;
        const number = (name: string, other: number) => {
          const value = Number(search.get(name) ?? Number.NaN);
          return Number.isInteger(value) && value >= 1 && value <= last ? value : other;
        };
        const to = number("to", last);
        const from = number("from", Math.max(1, (to === last ? current.parent : to - 1) || 1));
        const choose = (part: Record<string, string>) =>
          setSearch({ from: String(from), to: String(to), ...(search.get("bars") ? { bars: search.get("bars")! } : {}), ...(search.get("symbol") ? { symbol: search.get("symbol")! } : {}), ...part }, { replace: true });
        if (last === 1)
          return (
            <Panel title="Compare two versions">
              <Empty title="There is only one version" action={<Anchor component={Link} to="/parameters">To the values</Anchor>}>
                As soon as something was changed, two versions can be compared here: what differs, and what both would have traded.
              </Empty>
            </Panel>
          );
        return <Chosen from={from} to={to} last={last} bars={search.get("bars") ?? "8760"} symbol={search.get("symbol")} choose={choose} />;
      }}
    </Read>
  );
}

function Chosen({ from, to, last, bars, symbol, choose }: { from: number; to: number; last: number; bars: string; symbol: string | null; choose: (part: Record<string, string>) => void }) {
  const diff = useApi("/api/parameters/diff", { query: { from, to } });
  const live = useLiveState();
  const symbols = live.data?.summary.symbols ?? [];
  // What was asked to be replayed; another choice waits for another click.
  const wanted = `${from} ${to} ${bars} ${symbol ?? ""}`;
  const [asked, setAsked] = useState<string | null>(null);
  const versions = Array.from({ length: last }, (_, at) => String(last - at)).map((value) => ({
    value,
    label: `Version ${value}${Number(value) === last ? " (in force)" : ""}`,
  }));
  return (
    <Stack gap="md">
      <Panel title="Compare two versions">
        <Group gap="sm" align="flex-end">
          <Select label="First" data={versions} value={String(from)} onChange={(value) => value && choose({ from: value })} allowDeselect={false} searchable w={215} />
          <Button variant="default" onClick={() => choose({ from: String(to), to: String(from) })} aria-label="Exchange the two versions" px="xs">
            <Icon name="refresh" size={16} />
          </Button>
          <Select label="Second" data={versions} value={String(to)} onChange={(value) => value && choose({ to: value })} allowDeselect={false} searchable w={215} />
        </Group>
        <div className="spaced">
          <Read query={diff} what="Reading what differs">
            {(answer) => (
              <ChangeTable
                label={`What differs between version ${from} and version ${to}`}
                changes={answer.differences}
                empty={<Empty title="They hold the same values">{from === to ? "Choose two different versions." : "A roll back to old content makes a new version."}</Empty>}
              />
            )}
          </Read>
        </div>
      </Panel>
      <Panel title="What both would have come to">
        <Stack gap="md">
          <Group gap="sm" align="flex-end">
            {symbols.length > 1 && (
              <Select label="Symbol" data={symbols} value={symbol ?? symbols[0] ?? null} onChange={(value) => value && choose({ symbol: value })} allowDeselect={false} w={160} />
            )}
            <Select label="On" data={lengths} value={bars} onChange={(value) => value && choose({ bars: value })} allowDeselect={false} w={210} />
            <Button onClick={() => setAsked(wanted)} disabled={from === to || diff.data?.differences.length === 0 || asked === wanted} leftSection={<Icon name="play" size={16} />}>
              Replay both
            </Button>
          </Group>
          {asked === wanted ? (
            <Replayed from={from} to={to} bars={Number(bars)} symbol={symbol} again={() => setAsked(null)} />
          ) : (
            <Text size="sm" c="dimmed">
              Both are replayed over the bars that the server trades on, up to now, by the code of back-tests and with its costs: beside trading, at the lowest
              priority. It changes nothing.
            </Text>
          )}
        </Stack>
      </Panel>
    </Stack>
  );
}

function Replayed({ from, to, bars, symbol, again }: { from: number; to: number; bars: number; symbol: string | null; again: () => void }) {
  const [isWorking, setWorking] = useState(true);
  const query = useApi(
    "/api/parameters/compare",
    { query: { from, to, bars, ...(symbol ? { symbol } : {}) } },
    { refetchInterval: isWorking ? 1000 : false, staleTime: 60_000 },
  );
  const done = query.error !== null || query.data?.state === "done";
  useEffect(() => setWorking(!done), [done]);
  if (query.error && query.error.status !== 401 && query.error.status !== 0 && !query.data?.comparison) {
    return (
      <Stack gap="sm">
        <Fault error={query.error} retry={() => void query.refetch()} />
        <Group>
          <Button variant="default" size="compact-md" onClick={again}>
            Choose anew
          </Button>
        </Group>
      </Stack>
    );
  }
  if (!query.data?.comparison) return <Replaying />;
  return <ComparisonReport found={query.data.comparison} />;
}
