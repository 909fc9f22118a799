import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useCan, useChange, type Schema } from "../api";
import { format, Icon, ReasonDialog } from "../ui";

/** What a person has to know or do before anything else: above the page. */
export function Notices({ state, tooDear }: { state: Schema<"LiveState">; tooDear: string | null }) {
  const { summary } = state;
  const notes: ReactNode[] = [];
  if (summary.mode !== "none" && summary.running && !summary.reconciled) notes.push(<Differences key="differences" state={state} />);
  if (summary.persistence_fault) {
    notes.push(
      <Note key="persistence" tone="red" title="Nothing can be recorded: trading waits">
        {summary.persistence_fault}. It is tried again by itself; the feed keeps the bars meanwhile.
      </Note>,
    );
  }
  if (summary.mode !== "none" && !summary.running) {
    notes.push(
      summary.feed.health === "ended" ? (
        <Note key="ended" tone="blue" title="The feed has ended">
          {format.sentence(summary.text)} What is below is how it ended. Start the server with more bars, or with an exchange's feed, to go on.
        </Note>
      ) : (
        <Note key="stopped" tone="red" title="The loop does not run">
          {format.sentence(summary.text)}
        </Note>
      ),
    );
  }
  if (summary.running && summary.feed.health === "stale") {
    notes.push(
      <Note key="stale" tone="yellow" title="The feed is silent">
        {format.sentence(summary.feed.text)} Nothing new is entered on old data; stop loss and take profit are watched again with the next bar.
      </Note>,
    );
  }
  if (summary.running && summary.feed.health === "reconnecting") {
    notes.push(
      <Note key="reconnecting" tone="yellow" title="The feed connects anew">
        {format.sentence(summary.feed.text)} Bars that were missed are fetched after the fact.
      </Note>,
    );
  }
  if (tooDear) {
    notes.push(
      <Note key="dear" tone="blue" title="The rules want to trade, and the costs forbid it">
        {tooDear}
      </Note>,
    );
  }
  if (notes.length === 0) return null;
  return <Stack gap="xs">{notes}</Stack>;
}

function Note({ tone, title, children }: { tone: string; title: string; children: ReactNode }) {
  return (
    <Alert color={tone} variant="light" icon={<Icon name={tone === "blue" ? "info" : "warning"} />} title={title} role={tone === "red" ? "alert" : "status"}>
      {children}
    </Alert>
  );
}

/** Account and record differ: what in, and the administrator's way out. */
function Differences({ state }: { state: Schema<"LiveState"> }) {
  const [isAsking, setAsking] = useState(false);
  const mayAccept = useCan("admin");
  const accept = useChange("post", "/api/live/accept", { refreshes: ["/api/live/state", "/api/live/positions", "/api/live/orders"] });
  const list = state.differences.length > 0 && (
    <ul className="faults">
      {state.differences.map((difference) => (
        <li key={difference}>{difference}</li>
      ))}
    </ul>
  );
  return (
    <Alert color="red" variant="light" icon={<Icon name="warning" />} title="Account and record differ: no order passes" role="alert">
      <Stack gap="xs">
        {list || <Text size="sm">They are still being compared.</Text>}
        {list && (
          <Group justify="space-between" gap="sm">
            <Text size="sm">
              {mayAccept
                ? "Find out why first. Accepting takes the broker's account as the truth, on record with your name."
                : "An administrator can accept the broker's account once it is known why they differ."}
            </Text>
            {mayAccept && (
              <Button size="compact-md" color="red" variant="outline" onClick={() => setAsking(true)}>
                Accept the account
              </Button>
            )}
          </Group>
        )}
      </Stack>
      <ReasonDialog
        opened={isAsking}
        onClose={() => setAsking(false)}
        title="Accept the broker's account"
        confirm="Accept the account"
        danger
        onConfirm={(reason) => accept.mutateAsync({ body: { reason } })}
      >
        <Stack gap="xs">
          <Text size="sm">From here on the broker's account counts, and orders pass again. What differs now:</Text>
          {list}
        </Stack>
      </ReasonDialog>
    </Alert>
  );
}
