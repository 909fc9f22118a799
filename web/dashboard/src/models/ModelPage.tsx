import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Link, useParams } from "react-router";
import { useApi } from "../api";
import { Bytes, Count, Icon, KeyValue, Panel, Read, StatusBadge, TimeText, format } from "../ui";
import { OpenReport } from "../performance/OpenReport";
import { CurveCharts } from "./CurveCharts";
import { EnsembleMembers } from "./EnsembleMembers";
import { Metrics, Settings } from "./pieces";
import { fileName, marketOf, metricsOf, modelName, type Model } from "./words";

function text(found: object | null, name: string): string {
  const value = (found as Record<string, unknown> | null)?.[name];
  return typeof value === "string" ? value : "";
}

const parts = [
  { name: "training", title: "Trained on" },
  { name: "validation", title: "Chosen on" },
  { name: "test", title: "Judged on" },
];

function Periods({ periods }: { periods: object | null }) {
  const rows = parts.flatMap(({ name, title }) => {
    const period = (periods as Record<string, unknown> | null)?.[name];
    if (typeof period !== "object" || period === null) return [];
    return [
      {
        name: title,
        value: (
          <>
            <TimeText value={text(period, "from")} part="date" /> to <TimeText value={text(period, "to")} part="date" />
          </>
        ),
      },
    ];
  });
  return <KeyValue rows={rows} />;
}

function Facts({ model }: { model: Model }) {
  return (
    <Stack gap="md">
      <Group gap="sm">
        <StatusBadge state={model.active ? "Trades" : "Not in use"} tone={model.active ? "good" : "neutral"} />
        {model.synthetic && <StatusBadge state="Synthetic data" tone="warn" />}
        {model.report && <OpenReport id={model.report} name={model.name} />}
        {model.experiment && (
          <Anchor component={Link} to={`/models/experiments/${model.experiment}`} size="sm">
            The run that left it
          </Anchor>
        )}
      </Group>
      <KeyValue
        columns={2}
        rows={[
          { name: "Method", value: model.kind ?? "Not told" },
          { name: "Symbol", value: model.symbol ?? "Not told" },
          { name: "Bars", value: model.data ? <span className="code">{fileName(model.data)}</span> : "Not told" },
          { name: "Market", value: marketOf(model.synthetic) },
          { name: "Steps trained", value: <Count value={model.timesteps} /> },
          {
            name: "Steps of the kept policy",
            value: <Count value={model.best_timesteps} />,
            help: "The policy that did best on the validation part is kept, not the last one.",
          },
          { name: "Seed", value: <span className="digits">{model.seed ?? format.MISSING}</span> },
          { name: "Written", value: <TimeText value={model.modified} part="minute" /> },
          { name: "Size", value: <Bytes value={model.bytes} /> },
          { name: "Name", value: <span className="code">{model.name}</span> },
        ]}
      />
    </Stack>
  );
}

export function ModelPage() {
  const { id = "" } = useParams();
  const model = useApi("/api/models/{id}", { path: { id } });
  const curves = useApi("/api/models/{id}/curves", { path: { id } });
  return (
    <>
      <Anchor component={Link} to="/models" size="sm" className="back-link">
        <Icon name="left" size={14} /> All models
      </Anchor>
      <Read query={model} lines={8}>
        {(data) => (
          <>
            <Panel title={modelName(data.name)}>
              <Facts model={data} />
            </Panel>
            {data.ensemble && <EnsembleMembers ensemble={data.ensemble} />}
            <Panel title="On unseen bars">
              {text(data.validation, "sentence") && (
                <Text size="sm" mb="sm">
                  {text(data.validation, "sentence")}
                </Text>
              )}
              <Metrics metrics={metricsOf(data.test)} empty="No evaluation lies beside this model: nothing is known of how it does." />
            </Panel>
            <div className="two-panels">
              <Panel title="Time covered">
                {data.periods ? <Periods periods={data.periods} /> : <Text size="sm">Nothing beside the file tells.</Text>}
              </Panel>
              <Panel title="Settings of the training">
                <Settings settings={Object.entries(data.settings).map(([name, value]) => ({ name, value: String(value) }))} />
              </Panel>
            </div>
          </>
        )}
      </Read>
      <Panel title="Curves of the training">
        <Read query={curves} lines={6}>
          {(data) => (
            <CurveCharts
              runs={[{ id: data.id, name: "this model", curves: data.curves }]}
              empty="Its training left neither TensorBoard files nor results beside the model."
              note={data.source === "tensorboard" ? "From its TensorBoard files." : data.source ? "From its results." : undefined}
            />
          )}
        </Read>
      </Panel>
    </>
  );
}
