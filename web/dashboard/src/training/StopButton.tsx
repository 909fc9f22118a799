import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useCan, useChange } from "../api";
import { Icon, ReasonDialog } from "../ui";
import { isActive, type TrainingSession } from "./sessions";

/** For operators, and where there is something to stop. */
export function StopButton({ session, title }: { session: TrainingSession; title: string }) {
  const mayAct = useCan("operator");
  const [opened, setOpened] = useState(false);
  const stop = useChange("post", "/api/sessions/{id}/stop", {
    refreshes: ["/api/sessions", "/api/sessions/{id}", "/api/rl-training/status"],
  });
  // Started by stevie optimize: it belongs to another terminal.
  const isOffered = mayAct && isActive(session) && session.state !== "stopping" && !session.by_hand;
  if (!isOffered && !opened) return null;
  const waits = session.state === "queued";
  return (
    <>
      {isOffered && (
        <Button
          variant="default"
          size="compact-md"
          leftSection={<Icon name="stop" size={16} />}
          onClick={() => setOpened(true)}
          aria-label={`${waits ? "Take out of the queue" : "Stop"}: ${title}`}
        >
          {waits ? "Take out" : "Stop"}
        </Button>
      )}
      <ReasonDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title={waits ? `Take ${title} out of the queue` : `Stop ${title}`}
        confirm={waits ? "Take out" : "Stop the session"}
        danger
        onConfirm={(reason) => stop.mutateAsync({ path: { id: session.id }, body: { reason } })}
      >
        <Text size="sm">
          {waits
            ? "It has not begun. The parameters stay as they are."
            : "It ends within a second, after the episode at hand was saved. The gate is not asked, and the parameters stay as they are."}
        </Text>
      </ReasonDialog>
    </>
  );
}
