import { Anchor, Group, Select, Text, TextInput } from "@mantine/core";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useList, useRefreshOn } from "../api";
import { Empty, format, Icon, PagedTable, Panel, Read, StatusBadge, TimeText, type Column } from "../ui";
import { Estimate } from "../performance/Estimate";
import { fileName, inOrder, kindName, runMeasure, type Run } from "./words";

const kinds = ["train", "clone", "ensemble", "optimize", "evaluate", "gate_study", "martingale_study"] as const;

/** The figure that says most of a run of this kind. */
function leading(run: Run): string | undefined {
  const first = ["total_return", "best_reward", "power", "cells"].find((key) => key in run.metrics);
  return first ?? inOrder(Object.keys(run.metrics))[0];
}

const columns: Column<Run>[] = [
  {
    title: "Run",
    heading: true,
    cell: (run) => (
      <span className="estimate">
        <span>{run.title || kindName(run.kind)}</span>
        <span className="estimate-note code">{run.name}</span>
      </span>
    ),
  },
  { title: "Kind", cell: (run) => kindName(run.kind) },
  {
    title: "State",
    cell: (run) => <StatusBadge state={run.state} tone={run.state === "finished" ? "good" : "busy"} size="sm" />,
  },
  {
    title: "Data",
    cell: (run) => (
      <span className="estimate">
        {run.data.length === 0 && <span>{format.MISSING}</span>}
        {run.data.map((file) => (
          <span className="nowrap" key={file}>
            {fileName(file)}
          </span>
        ))}
        {run.synthetic && <span className="estimate-note">synthetic market</span>}
      </span>
    ),
  },
  {
    title: "Figure",
    align: "right",
    cell: (run) => {
      const key = leading(run);
      if (!key) return format.MISSING;
      const measure = runMeasure(key);
      return (
        <span className="estimate">
          <span className="estimate-note">{measure.name}</span>
          <Estimate metric={run.metrics[key]} kind={measure.kind} tone={measure.tone} />
        </span>
      );
    },
  },
  { title: "Seed", align: "right", cell: (run) => <span className="digits">{run.seed ?? format.MISSING}</span>, wideOnly: true },
  { title: "Written", align: "right", cell: (run) => <TimeText value={run.modified} part="minute" /> },
  {
    title: "Left",
    cell: (run) => (
      <span className="group-name">
        {run.model && (
          <Anchor component={Link} to={`/models/${run.model}`} size="sm">
            model
          </Anchor>
        )}
        {run.session && (
          <Anchor component={Link} to={`/training/${run.session}`} size="sm">
            session
          </Anchor>
        )}
        {run.report && <span className="estimate-note">report</span>}
        {!run.model && !run.session && !run.report && format.MISSING}
      </span>
    ),
  },
];

export function Experiments() {
  const [search, setSearch] = useSearchParams();
  const kind = kinds.find((each) => each === search.get("kind"));
  const words = (search.get("find") ?? "").toLowerCase();
  const state = search.get("state") ?? "";
  const list = useList("/api/experiments", { query: { limit: 100, kind } });
  useRefreshOn("sessions", ["/api/experiments"], { everyMs: 10_000, when: (event) => event.kind !== "session.progress" });
  const navigate = useNavigate();
  const put = (name: string, value: string | null) =>
    setSearch(
      (now) => {
        if (value) now.set(name, value);
        else now.delete(name);
        return now;
      },
      { replace: true },
    );
  const isFiltered = kind !== undefined || words !== "" || state !== "";
  const rows = list.items.filter(
    (run) =>
      (state === "" || run.state === state) &&
      (words === "" || [run.name, run.title, run.sentence, kindName(run.kind), ...run.data].some((text) => text.toLowerCase().includes(words))),
  );
  return (
    <Panel title="Experiments">
      <Group gap="sm" mb="md" align="flex-end">
        <Select
          label="Kind"
          size="sm"
          w={230}
          data={[{ value: "", label: "Every kind" }, ...kinds.map((value) => ({ value, label: kindName(value) }))]}
          value={kind ?? ""}
          allowDeselect={false}
          onChange={(value) => put("kind", value)}
        />
        <Select
          label="State"
          size="sm"
          w={160}
          data={[
            { value: "", label: "Every state" },
            { value: "finished", label: "Finished" },
            { value: "unfinished", label: "Unfinished" },
          ]}
          value={state}
          allowDeselect={false}
          onChange={(value) => put("state", value)}
        />
        <TextInput
          label="Find"
          size="sm"
          placeholder="Name, title or data"
          leftSection={<Icon name="search" size={14} />}
          defaultValue={search.get("find") ?? ""}
          onChange={(event) => put("find", event.currentTarget.value)}
        />
      </Group>
      <Read query={list.query} lines={6}>
        {() => (
          <PagedTable
            label="Experiments"
            rows={rows}
            columns={columns}
            keyOf={(run) => run.id}
            onOpen={(run) => void navigate(`/models/experiments/${run.id}`)}
            hasMore={list.hasMore}
            more={list.more}
            isReadingMore={list.isReadingMore}
            empty={
              isFiltered ? (
                <Empty title="No run fits">Choose another kind or state, or fewer words{list.hasMore ? "; older runs have not been read yet" : ""}.</Empty>
              ) : (
                <Empty title="No experiment yet">
                  Start one on the page Training, or with <span className="code">stevie train</span>, <span className="code">stevie optimize</span> or{" "}
                  <span className="code">stevie evaluate</span>.
                </Empty>
              )
            }
          />
        )}
      </Read>
      <Text size="xs" c="dimmed" mt="xs">
        Runs whose results lie below the server's folders of runs, models and sessions.
      </Text>
    </Panel>
  );
}
