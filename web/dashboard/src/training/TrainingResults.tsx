import { Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import type { Schema } from "../api";
import { Count, format, KeyValue, NumberText, PagedTable, Percent, StatusBadge, type Column } from "../ui";
import { LongSeries } from "../ui/LongSeries";

type Results = Schema<"TrainingResults">;
type Row = Results["rows"][number];
type Part = "validation" | "test";
type Clone = NonNullable<Results["clone"]>;
type Ensemble = NonNullable<Results["ensemble"]>;

const roles: Record<Row["role"], string> = { policy: "", member: "Member, alone", expert: "Expert", baseline: "Baseline" };
const parts: Record<Part, string> = { validation: "validation", test: "test" };

/** Columns of a part whose figures somebody has. */
function figuresOf(part: Part, rows: readonly Row[]): Column<Row>[] {
  const has = (key: keyof NonNullable<Row["test"]>) => rows.some((row) => typeof row[part]?.[key] === "number");
  const on = parts[part];
  return [
    ...(has("total_return") ? [{ title: `Return, ${on}`, align: "right" as const, cell: (row: Row) => <Percent value={row[part]?.total_return} digits={1} tone /> }] : []),
    ...(has("sharpe") ? [{ title: `Sharpe, ${on}`, align: "right" as const, cell: (row: Row) => <NumberText value={row[part]?.sharpe} digits={2} /> }] : []),
    ...(has("max_drawdown") ? [{ title: `Drawdown, ${on}`, align: "right" as const, cell: (row: Row) => <Percent value={row[part]?.max_drawdown} digits={1} /> }] : []),
    ...(has("win_rate") && part === "test" ? [{ title: `Trades won, ${on}`, align: "right" as const, cell: (row: Row) => <Percent value={row[part]?.win_rate} digits={0} /> }] : []),
    ...(has("trades") && part === "test" ? [{ title: `Trades, ${on}`, align: "right" as const, cell: (row: Row) => <Count value={row[part]?.trades} /> }] : []),
  ];
}

/** What a training found: its policies beside experts and baselines, and what is particular to its kind. */
export function TrainingResults({ results }: { results: Results }) {
  const several = results.rows.filter((row) => row.role === "policy").length > 1;
  const columns: Column<Row>[] = [
    {
      title: "Policy",
      heading: true,
      cell: (row) => (
        <span className="estimate">
          <span>
            {row.name}
            {row.seed !== null && `, seed ${row.seed}`} {several && row.chosen && <StatusBadge state="Chosen" tone="good" size="sm" />}
          </span>
          {roles[row.role] && <span className="estimate-note">{roles[row.role]}</span>}
        </span>
      ),
    },
    ...figuresOf("validation", results.rows),
    ...figuresOf("test", results.rows),
  ];
  return (
    <Stack gap="md">
      {results.synthetic === true && <Text size="sm">The bars were generated: nobody ever traded at these prices.</Text>}
      <PagedTable label="Policies and baselines" rows={results.rows} columns={columns} keyOf={(row) => `${row.role} ${row.name} ${row.seed ?? ""}`} />
      <Text size="sm" c="dimmed">
        Validation: the part by which a policy is chosen, which flatters it. Test: the last part, which neither training nor choosing has seen. Net of costs.
      </Text>
      {results.clone && <CloneResults clone={results.clone} />}
      {results.ensemble && <EnsembleResults ensemble={results.ensemble} />}
    </Stack>
  );
}

const likeness: Column<Clone["parts"][number]>[] = [
  { title: "Part", heading: true, cell: (part) => format.words(part.part) },
  { title: "Expert's action", align: "right", cell: (part) => <Percent value={part.accuracy} digits={1} /> },
  { title: "Commonest", align: "right", cell: (part) => <Percent value={part.majority_accuracy} digits={1} /> },
  { title: "Repeating", align: "right", cell: (part) => <Percent value={part.repeat_accuracy} digits={1} /> },
  { title: "At changes", align: "right", cell: (part) => <Percent value={part.change_accuracy} digits={1} /> },
  { title: "Divergence, bits", align: "right", cell: (part) => <NumberText value={part.divergence_bits} digits={4} /> },
  { title: "Same exposure", align: "right", cell: (part) => <Percent value={part.same_exposure} digits={1} /> },
  { title: "Tracking error", align: "right", cell: (part) => <Percent value={part.tracking_error} digits={1} /> },
];

function CloneResults({ clone }: { clone: Clone }) {
  const { x, lines } = useMemo(
    () => ({
      x: clone.epochs.map((epoch, at) => epoch.epoch ?? at + 1),
      lines: [
        { label: "Loss on the validation part", values: clone.epochs.map((epoch) => epoch.validation_loss) },
        { label: "Loss on what it learns", values: clone.epochs.map((epoch) => epoch.train_loss), dashed: true },
      ],
    }),
    [clone],
  );
  const last = clone.epochs[clone.epochs.length - 1];
  return (
    <>
      <Title order={3} size="h5">
        How like the expert
      </Title>
      <PagedTable label="How like the expert" rows={clone.parts} columns={likeness} keyOf={(part) => part.part} />
      <Text size="sm" c="dimmed">
        Shares of bars, in the expert's place: with the expert's action; what always taking the commonest action, and repeating the expert's last one, would
        reach; where the expert changes its action. Divergence: between how often both take each action, 0 the same, 1 nothing in common. Each playing by itself:
        share of bars on which both want the same, and the deviation of the difference of their returns a year.
      </Text>
      <KeyValue
        rows={[
          { name: "Bars learnt from", value: <Count value={clone.demonstrations} /> },
          {
            name: "Kept epoch",
            value: `${format.count(clone.best_epoch)} of ${format.count(clone.epochs.length)}${clone.stopped_early === true ? ", stopped early" : ""}`,
            help: "The one with the smallest loss on the validation part.",
          },
          ...(clone.blocks.length > 0
            ? [
                {
                  name: "Cross-validation",
                  value: clone.blocks.map((block) => format.percent(block.accuracy, { digits: 1 })).join(", "),
                  help: "Share of right actions on each block of time, learnt from the others.",
                },
              ]
            : []),
        ]}
      />
      {x.length > 1 && last && (
        <LongSeries
          x={x}
          lines={lines}
          xKind="number"
          xLabel="Epochs"
          height={210}
          write={(value) => format.number(value, { digits: 4 })}
          description={`Cross-entropy of the clone epoch by epoch: ${format.number(last.validation_loss, { digits: 4 })} on the validation part after epoch ${format.count(last.epoch)}. Lower is better.`}
        />
      )}
    </>
  );
}

const members: Column<Ensemble["members"][number]>[] = [
  { title: "Member", heading: true, cell: (member) => member.name },
  { title: "Weight by validation", align: "right", cell: (member) => <Percent value={member.first_weight} digits={1} /> },
  { title: "Weight at the end", align: "right", cell: (member) => <Percent value={member.weight} digits={1} /> },
  { title: "Agrees", align: "right", cell: (member) => <Percent value={member.agreement} digits={1} /> },
  { title: "Right", align: "right", cell: (member) => <Percent value={member.accuracy} digits={1} /> },
  { title: "Contribution", align: "right", cell: (member) => <Percent value={member.contribution} digits={1} tone /> },
  { title: "Calibration error", align: "right", cell: (member) => <NumberText value={member.calibration_error} digits={3} /> },
];

function EnsembleResults({ ensemble }: { ensemble: Ensemble }) {
  return (
    <>
      <Title order={3} size="h5">
        Members on the test part
      </Title>
      <PagedTable label="Members on the test part" rows={ensemble.members} columns={members} keyOf={(member) => member.name} />
      <KeyValue
        rows={[
          { name: "Decisions", value: <Count value={ensemble.decisions} /> },
          { name: "Consensus, mean", value: <Percent value={ensemble.mean_consensus} digits={1} />, help: "Share of the weight that stands behind the decision taken." },
          { name: "Right decisions", value: <Percent value={ensemble.accuracy} digits={1} /> },
          {
            name: "Calibration error",
            value: `${format.number(ensemble.calibration_error_after, { digits: 3 })}, ${format.number(ensemble.calibration_error_before, { digits: 3 })} before temperatures were fitted`,
            help: "Mean distance of its confidence from how often it is right; 0 is perfect.",
          },
        ]}
      />
    </>
  );
}
