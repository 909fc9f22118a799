import { Alert, Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useApi, useCan, useChange, type Schema } from "../api";
import { verdictLook } from "../training/gate";
import { Icon, ReasonDialog } from "../ui";
import { ChangeTable } from "./ChangeTable";
import { differencesOf, everyParameterPath } from "./values";

export type Proposal = Schema<"ParameterProposal">;

/** The proposal behind a decision of the gate, where it is among the newest. */
export function useProposal(decision: number | null): Proposal | null {
  const mayAct = useCan("admin");
  const proposals = useApi("/api/parameters/proposals", { query: { limit: 100 } }, { enabled: mayAct && decision !== null });
  return proposals.data?.items.find((one) => one.decision === decision) ?? null;
}

/** For administrators: puts in force what the gate did not approve, while it was judged against what runs. */
export function OverrideButton({ proposal }: { proposal: Proposal }) {
  const mayAct = useCan("admin");
  const [opened, setOpened] = useState(false);
  const current = useApi("/api/parameters", undefined, { enabled: opened });
  const override = useChange("post", "/api/parameters/override", { refreshes: [...everyParameterPath] });
  if (!mayAct || proposal.verdict === "promote") return null;
  if (!proposal.on_current && !opened) return null;
  const verdict = verdictLook(proposal.verdict).word.toLowerCase();
  return (
    <>
      <Button
        variant="default"
        size="compact-md"
        color="red"
        leftSection={<Icon name="warning" size={16} />}
        onClick={() => setOpened(true)}
        aria-label={`Apply in spite of the gate: decision ${proposal.decision}`}
      >
        Apply in spite of the gate
      </Button>
      <ReasonDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title="Apply in spite of the gate"
        confirm="Apply it"
        danger
        onConfirm={(reason) => override.mutateAsync({ body: { decision: proposal.decision, reason } })}
      >
        <Stack gap="sm">
          <Alert color="yellow" variant="light" icon={<Icon name="warning" />} title={`The gate said: ${verdict}`}>
            {proposal.gate?.summary ?? "Its report is not on record."}
          </Alert>
          <Text size="sm">
            These values are in force from the next bar on. The version says for ever that it overrules decision {proposal.decision}, by whom and why.
          </Text>
          {current.data && <ChangeTable label="What would change" changes={differencesOf(current.data.layers, proposal.proposed)} />}
        </Stack>
      </ReasonDialog>
    </>
  );
}
