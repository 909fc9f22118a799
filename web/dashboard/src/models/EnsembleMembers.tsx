import { Text } from "@mantine/core";
import { NumberText, PagedTable, Panel, Percent, type Column } from "../ui";
import type { Model } from "./words";

type Ensemble = NonNullable<Model["ensemble"]>;
type Member = Ensemble["members"][number];

const kinds: Record<string, string> = { policy: "Model", rules: "Rules", expert: "Expert", constant: "Constant exposure" };
const methods: Record<string, string> = {
  vote: "The exposure with the largest weight of votes is taken.",
  confidence: "The exposure with the largest weighted probability is taken.",
  most_confident: "What the surest member wants is taken.",
};

const columns: Column<Member>[] = [
  {
    title: "Member",
    heading: true,
    cell: (member) => (
      <span className="estimate">
        <span>{member.name}</span>
        <span className="estimate-note">
          {kinds[member.kind] ?? member.kind}
          {member.masked_columns > 0 && `, without ${member.masked_columns} market values`}
        </span>
      </span>
    ),
  },
  {
    title: "Weight",
    align: "right",
    cell: (member) => (
      <span className="estimate">
        <Percent value={member.weight} digits={1} />
        {member.run && (
          <span className="estimate-note digits">
            then <Percent value={member.run.weight} digits={1} />
          </span>
        )}
      </span>
    ),
  },
  { title: "Sharpe on validation", align: "right", cell: (member) => <NumberText value={member.validation_sharpe} /> },
  { title: "Return on validation", align: "right", cell: (member) => <Percent value={member.validation_return} digits={1} /> },
  { title: "Right on validation", align: "right", cell: (member) => <Percent value={member.validation_accuracy} digits={1} /> },
  { title: "Agrees", align: "right", cell: (member) => <Percent value={member.run?.agreement} digits={1} /> },
  { title: "Right on unseen bars", align: "right", cell: (member) => <Percent value={member.run?.accuracy} digits={1} /> },
  { title: "Contribution", align: "right", cell: (member) => <Percent value={member.run?.contribution} digits={1} /> },
];

/** Who votes in an ensemble, and what became of it. */
export function EnsembleMembers({ ensemble }: { ensemble: Ensemble }) {
  const judged = ensemble.members.some((member) => member.run);
  return (
    <Panel title="Members">
      <Text size="sm" mb="sm">
        {methods[ensemble.method] ?? ensemble.method}{" "}
        {ensemble.adapts ? "Weights begin as validation set them and follow each member's losses." : "Weights stay as validation set them."}{" "}
        {judged
          ? "Agrees: share of decisions that the member wanted as they were taken. Contribution: sum of weight, exposure and return of each bar, before costs."
          : "No evaluation lies beside this file: stevie ensemble evaluate makes one."}
      </Text>
      <PagedTable label="Members" rows={ensemble.members} columns={columns} keyOf={(member) => member.name} />
    </Panel>
  );
}
