import { Anchor, Group, Text } from "@mantine/core";
import { Link } from "react-router";
import { useApi } from "../api";
import { Empty, Panel, Read } from "../ui";
import { isActive, type TrainingSession } from "./sessions";
import { SessionCurve } from "./SessionProgress";
import { TrainingResults } from "./TrainingResults";

/** What a training left: its figures, its curve and its model. */
export function TrainedModel({ session }: { session: TrainingSession }) {
  const runs = useApi("/api/experiments", { query: { limit: 200 } }, { enabled: !isActive(session) });
  const isFinished = session.state === "finished";
  const results = useApi("/api/sessions/{id}/results", { path: { id: session.id } }, { enabled: isFinished, staleTime: 60_000 });
  return (
    <>
      {isFinished && (
        <Panel title="What it found">
          {results.error?.status === 409 ? (
            <Empty title="Its results cannot be read">The folder of the session was moved, or its files are damaged: the log tells what it wrote.</Empty>
          ) : (
            <Read query={results} what="Reading what it found" lines={6}>
              {(found) => <TrainingResults results={found} />}
            </Read>
          )}
        </Panel>
      )}
      <Panel title="What it learned">
        <Read query={runs} what="Reading what it left" lines={2}>
          {({ items }) => {
            const run = items.find((one) => one.session === session.id);
            return run ? (
              <Group gap="md" mb="sm">
                {run.model && (
                  <Anchor component={Link} to={`/models/${run.model}`} size="sm" underline="always">
                    The model that it left
                  </Anchor>
                )}
                <Anchor component={Link} to={`/models/experiments/${run.id}`} size="sm" underline="always">
                  Its figures, settings and curves
                </Anchor>
              </Group>
            ) : (
              <Text size="sm" mb="sm">
                It left no model: it ended before the first one was kept.
              </Text>
            );
          }}
        </Read>
        <SessionCurve session={session} />
      </Panel>
    </>
  );
}
