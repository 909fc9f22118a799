import { Anchor, Group, List, Stack, Text } from "@mantine/core";
import { Link, useParams } from "react-router";
import { useApi, useRefreshOn } from "../api";
import { format, Icon, KeyValue, Panel, Read, StatusBadge, TimeText } from "../ui";
import { OpenReport } from "../performance/OpenReport";
import { CurveCharts } from "./CurveCharts";
import { Metrics, Settings } from "./pieces";
import { fileName, kindName, marketOf, type RunDetail } from "./words";

function Facts({ run }: { run: RunDetail }) {
  return (
    <Stack gap="md">
      <Group gap="sm">
        <StatusBadge state={run.state} tone={run.state === "finished" ? "good" : "busy"} />
        {run.synthetic && <StatusBadge state="Synthetic data" tone="warn" />}
        {run.report && <OpenReport id={run.report} name={run.name} />}
        {run.model && (
          <Anchor component={Link} to={`/models/${run.model}`} size="sm">
            The model that it left
          </Anchor>
        )}
        {run.session && (
          <Anchor component={Link} to={`/training/${run.session}`} size="sm">
            The training session that it was
          </Anchor>
        )}
      </Group>
      {run.sentence && <Text size="sm">{run.sentence}</Text>}
      {run.state === "unfinished" && <Text size="sm">It is at work, or was cut off: what stands here is what it has told so far.</Text>}
      <KeyValue
        columns={2}
        rows={[
          { name: "Kind", value: kindName(run.kind) },
          { name: "Folder", value: <span className="code">{run.name}</span> },
          { name: "Data", value: <span className="code">{run.data.length === 0 ? "Not told" : run.data.map(fileName).join(", ")}</span> },
          { name: "Market", value: marketOf(run.synthetic) },
          { name: "Seed", value: <span className="digits">{run.seed ?? format.MISSING}</span> },
          { name: "Results written", value: <TimeText value={run.modified} part="minute" /> },
          {
            name: "Hash of its settings",
            value: <span className="code">{run.config_hash ? run.config_hash.slice(0, 16) : format.MISSING}</span>,
            help: "Runs that were asked the same have the same hash.",
          },
        ]}
      />
    </Stack>
  );
}

export function ExperimentPage() {
  const { id = "" } = useParams();
  const run = useApi("/api/experiments/{id}", { path: { id } });
  useRefreshOn("sessions", ["/api/experiments/{id}"], { everyMs: 5_000, when: (event) => event.data.id === run.data?.session });
  return (
    <>
      <Anchor component={Link} to="/models/experiments" size="sm" className="back-link">
        <Icon name="left" size={14} /> All experiments
      </Anchor>
      <Read query={run} lines={8}>
        {(data) => (
          <>
            <Panel title={data.title || kindName(data.kind)}>
              <Facts run={data} />
            </Panel>
            <Panel title="Figures">
              <Metrics
                metrics={data.metrics}
                empty={data.state === "finished" ? "Its results hold no figures." : "Figures come with its results."}
              />
            </Panel>
            {data.notes.length > 0 && (
              <Panel title="What to know of it">
                <List size="sm" spacing={4}>
                  {data.notes.map((note) => (
                    <List.Item key={note}>{note}</List.Item>
                  ))}
                </List>
              </Panel>
            )}
            {(data.curves.length > 0 || ["train", "clone", "optimize"].includes(data.kind)) && (
              <Panel
                title="Curves"
                aside={
                  data.curves.length > 0 && (
                    <Anchor component={Link} to={`/models/curves?runs=${data.id}`} size="sm">
                      Compare with other runs
                    </Anchor>
                  )
                }
              >
                <CurveCharts runs={[{ id: data.id, name: data.name, curves: data.curves }]} empty="It left none, or none yet." />
              </Panel>
            )}
            <Panel title="Settings">
              <Settings settings={data.settings} />
            </Panel>
          </>
        )}
      </Read>
    </>
  );
}
