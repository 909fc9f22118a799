import { Stack, Text } from "@mantine/core";
import { useLiveState } from "../shell/useLiveState";
import { format, PagedTable, Panel, Read, StatusBadge } from "../ui";
import { limitTexts, shownOf, type LimitText } from "./limits";

export function limitShown(text: LimitText, value: number | null | undefined): string {
  if (typeof value !== "number") return format.MISSING;
  const shown = shownOf(text, value);
  const digits = Math.min(6, (String(shown).split(".")[1] ?? "").length);
  return `${format.number(shown, { digits })}\u00a0${text.unit}`;
}

export function LimitsSection() {
  const state = useLiveState();
  return (
    <Panel title="Limits of the risk engine">
      <Read query={state}>
        {({ risk }) => (
          <Stack gap="sm">
            <Text size="sm">
              Every order passes these before it reaches a broker. No search and no training changes them; they stand in the section risk of the
              configuration.
            </Text>
            <PagedTable
              label="Limits of the risk engine"
              rows={limitTexts}
              keyOf={(limit) => limit.name}
              columns={[
                { title: "Limit", cell: (limit) => limit.title, heading: true },
                { title: "In force", cell: (limit) => <span className="digits">{limitShown(limit, risk.limits[limit.name])}</span>, align: "right" },
                { title: "What it holds back", cell: (limit) => <span className="prose">{limit.meaning}</span> },
                {
                  title: "Orders denied by it",
                  cell: (limit) => <span className="digits">{limit.denial === null ? format.MISSING : format.count(risk.denials[limit.denial] ?? 0)}</span>,
                  align: "right",
                },
                { title: "Setting", cell: (limit) => <span className="code setting-name">risk.{limit.name}</span>, wideOnly: true },
              ]}
            />
            <Text size="sm" component="div">
              State of the risk engine: <StatusBadge state={risk.state} tone={risk.state === "active" ? "good" : risk.state === "halted" ? "bad" : "warn"} size="sm" />{" "}
              {risk.why}
            </Text>
          </Stack>
        )}
      </Read>
    </Panel>
  );
}
