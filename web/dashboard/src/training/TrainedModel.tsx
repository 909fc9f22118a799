import { Anchor, Group, Text } from "@mantine/core";
import { Link } from "react-router";
import { useApi } from "../api";
import { Panel, Read } from "../ui";
import { isActive, type TrainingSession } from "./sessions";
import { SessionCurve } from "./SessionProgress";

/** What the training of an agent left: its curve, its model and its figures. */
export function TrainedModel({ session }: { session: TrainingSession }) {
  const runs = useApi("/api/experiments", { query: { kind: "train", limit: 200 } }, { enabled: !isActive(session) });
  return (
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
  );
}
