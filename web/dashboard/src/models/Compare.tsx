import { Checkbox, Group, Stack, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { api, useList, type ApiProblem } from "../api";
import { Button } from "@mantine/core";
import { Empty, Fault, Loading, Panel, Read, StatusBadge, TimeText } from "../ui";
import { useChartColors } from "../ui/chartTheme";
import { CurveCharts, type RunCurves } from "./CurveCharts";
import { kindName, type Run, type RunDetail } from "./words";

const MOST = 6; // colours that can be told apart

/** Curves of several runs against each other. */
export function Compare() {
  const list = useList("/api/experiments", { query: { limit: 200 } });
  const [search, setSearch] = useSearchParams();
  const colors = useChartColors();
  const withCurves = list.items.filter((run) => ["train", "clone", "optimize"].includes(run.kind));
  const asked = search.get("runs")?.split(",").filter(Boolean);
  const chosen: Run[] = asked
    ? asked.flatMap((id) => withCurves.find((run) => run.id === id) ?? [])
    : withCurves.filter((run) => run.kind === withCurves[0]?.kind).slice(0, 3);
  const details = useQueries({
    queries: chosen.map((run) => ({
      queryKey: ["/api/experiments/{id}", { path: { id: run.id } }],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get("/api/experiments/{id}", { path: { id: run.id } }, { signal }) as Promise<RunDetail>,
    })),
    combine: (queries) => ({
      runs: queries.flatMap((query, at): RunCurves[] =>
        query.data ? [{ id: query.data.id, name: chosen[at]?.name ?? query.data.name, curves: query.data.curves }] : [],
      ),
      isPending: queries.some((query) => query.isPending),
      error: (queries.find((query) => query.error)?.error ?? null) as ApiProblem | null,
    }),
  });
  const toggle = (id: string, on: boolean) => {
    const ids = on ? [...chosen.map((run) => run.id), id] : chosen.map((run) => run.id).filter((each) => each !== id);
    setSearch(
      (now) => {
        now.set("runs", ids.join(","));
        return now;
      },
      { replace: true },
    );
  };
  return (
    <Read
      query={list.query}
      lines={6}
      isEmpty={() => withCurves.length === 0 && !list.hasMore}
      empty={
        <Panel title="Curves">
          <Empty title="No run with curves yet" icon="chart">
            A training (<span className="code">stevie train ppo</span>) or a session of the page Training leaves one.
          </Empty>
        </Panel>
      }
    >
      {() => (
        <>
          <Panel title="Runs" aside={<Text size="sm" c="dimmed">{chosen.length} of at most {MOST} chosen</Text>}>
            <div className="run-list" role="group" aria-label="Runs to compare">
              {withCurves.map((run) => {
                const at = chosen.findIndex((each) => each.id === run.id);
                return (
                  <Checkbox
                    key={run.id}
                    checked={at >= 0}
                    disabled={at < 0 && chosen.length >= MOST}
                    onChange={(event) => toggle(run.id, event.currentTarget.checked)}
                    label={
                      <span className="run-label">
                        {at >= 0 && <span className="swatch" style={{ background: colors.series[at % colors.series.length] }} aria-hidden="true" />}
                        <span className="code">{run.name}</span>
                        <span className="estimate-note">
                          {run.title || kindName(run.kind)}, <TimeText value={run.modified} part="minute" />
                        </span>
                        {run.state === "unfinished" && <StatusBadge state="Unfinished" tone="busy" size="sm" />}
                      </span>
                    }
                  />
                );
              })}
            </div>
            {list.hasMore && (
              <Group mt="sm">
                <Button variant="default" size="compact-sm" onClick={list.more} loading={list.isReadingMore}>
                  Look for older runs
                </Button>
              </Group>
            )}
          </Panel>
          <Panel title="Curves">
            <Stack gap="md">
              {details.error && <Fault error={details.error} title="A run could not be read" />}
              {chosen.length === 0 ? (
                <Text size="sm">Choose a run above.</Text>
              ) : details.isPending && details.runs.length === 0 ? (
                <Loading what="Reading the curves" lines={6} />
              ) : (
                <CurveCharts runs={details.runs} empty="The chosen runs left no curves." />
              )}
            </Stack>
          </Panel>
        </>
      )}
    </Read>
  );
}
