import { Group, Text } from "@mantine/core";
import { useNavigate } from "react-router";
import { useApi, useList, useRefreshOn } from "../api";
import { Count, Empty, format, PagedTable, Panel, Read, StatusBadge, TimeText, type Column } from "../ui";
import { Estimate } from "../performance/Estimate";
import { fileName, metricsOf, modelName, type Model } from "./words";

/** Which model trades, or what does instead. */
export function Active() {
  const active = useApi("/api/models/active");
  return (
    <Panel title="What trades">
      <Read query={active} lines={1}>
        {(data) => (
          <Group gap="sm" wrap="nowrap" align="flex-start" className="said">
            <StatusBadge state={data.model ? "A model" : (data.strategy ?? "Nothing")} tone={data.model || data.strategy ? "good" : "neutral"} size="lg" />
            <Text size="sm">{data.sentence}</Text>
          </Group>
        )}
      </Read>
    </Panel>
  );
}

const columns: Column<Model>[] = [
  {
    title: "Model",
    heading: true,
    cell: (model) => (
      <span className="group-name">
        <span className="estimate">
          <span>{modelName(model.name)}</span>
          <span className="estimate-note">{fileName(model.name)}</span>
        </span>
        {model.active && <StatusBadge state="Trades" tone="good" size="sm" />}
        {model.synthetic && <StatusBadge state="Synthetic data" tone="warn" size="sm" />}
      </span>
    ),
  },
  { title: "Method", wideOnly: true, cell: (model) => (model.ensemble ? `Ensemble of ${model.ensemble.members.length}` : (model.kind ?? format.MISSING)) },
  {
    title: "Trained on",
    cell: (model) => (
      <span className="estimate">
        <span>{model.symbol ?? format.MISSING}</span>
        {model.data && <span className="estimate-note nowrap">{fileName(model.data)}</span>}
      </span>
    ),
  },
  {
    title: "Steps",
    align: "right",
    cell: (model) => (
      <span className="estimate">
        <Count value={model.timesteps} />
        {model.seed !== null && <span className="estimate-note digits">seed {model.seed}</span>}
      </span>
    ),
  },
  {
    title: "Unseen return",
    align: "right",
    cell: (model) => <Estimate metric={metricsOf(model.test).total_return} kind="share" tone />,
  },
  { title: "Unseen Sharpe", align: "right", cell: (model) => <Estimate metric={metricsOf(model.test).sharpe} kind="ratio" tone /> },
  { title: "Unseen drawdown", align: "right", cell: (model) => <Estimate metric={metricsOf(model.test).max_drawdown} kind="share" /> },
  { title: "Written", align: "right", cell: (model) => <TimeText value={model.modified} part="minute" /> },
];

export function Models() {
  const list = useList("/api/models", { query: { limit: 50 } });
  useRefreshOn("sessions", ["/api/models", "/api/experiments"], { everyMs: 10_000, when: (event) => event.kind !== "session.progress" });
  const navigate = useNavigate();
  return (
    <>
      <Active />
      <Panel title="Trained models">
        <Text size="sm" mb="sm">
          Newest first. Unseen: on the bars that neither the training nor the choice of the kept policy has used. Below a figure stands its interval.
        </Text>
        <Read query={list.query} lines={6}>
          {() => (
            <PagedTable
              label="Models"
              rows={list.items}
              columns={columns}
              keyOf={(model) => model.id}
              onOpen={(model) => void navigate(`/models/${model.id}`)}
              hasMore={list.hasMore}
              more={list.more}
              isReadingMore={list.isReadingMore}
              empty={
                <Empty title="No model yet" icon="models">
                  “Train an agent” on the page Training leaves one, and so does <span className="code">stevie train ppo</span> below the folder of models or runs.
                </Empty>
              }
            />
          )}
        </Read>
      </Panel>
    </>
  );
}
