import { Anchor, Drawer, Group, Stack, Text } from "@mantine/core";
import { Link } from "react-router";
import { useApi } from "../api";
import { Duration, format, KeyValue, NumberText, Read, StatusBadge, TimeText } from "../ui";
import { isTraining, titleOf, wordsOf } from "../training/sessions";
import { Part } from "./EventDrawer";
import { stateTones } from "./sessions";

export function SessionDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useApi("/api/sessions/{id}", { path: { id } });
  const log = useApi("/api/sessions/{id}/log", { path: { id }, query: { bytes: 8000 } });
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      classNames={{ title: "drawer-title" }}
      size="min(46rem, 100%)"
      title={`Session ${id}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="lg">
        <Read query={query}>
          {(session) => {
            const isTrain = isTraining(session);
            const words = wordsOf(session);
            return (
              <>
                <Group gap="sm">
                  <StatusBadge state={session.state} tone={stateTones[session.state]} />
                  {session.outcome && <Text size="sm">{format.words(session.outcome)}</Text>}
                </Group>
                {session.sentence && <Text>{session.sentence}</Text>}
                <KeyValue
                  rows={[
                    { name: isTrain ? "What" : "Scenario", value: titleOf(session) },
                    { name: "Asked for by", value: session.by },
                    { name: "Why", value: session.reason || format.MISSING },
                    { name: "Queued", value: <TimeText value={session.queued} /> },
                    { name: "Began", value: <TimeText value={session.started} /> },
                    { name: "Ended", value: <TimeText value={session.ended} /> },
                    {
                      name: "Took",
                      value: (
                        <Duration ms={session.started && session.ended ? Date.parse(session.ended) - Date.parse(session.started) : null} />
                      ),
                    },
                    { name: isTrain ? words.units : "Episodes", value: `${format.count(session.progress.episode)} of ${format.count(session.progress.episodes)}` },
                    ...(isTrain
                      ? [
                          {
                            name: words.best,
                            value: <NumberText value={session.progress.best_reward} digits={4} />,
                            help: words.bestHelp,
                          },
                        ]
                      : [
                          { name: "Candidates", value: format.count(session.progress.candidates) },
                          {
                            name: "Reward, best found",
                            value: <NumberText value={session.progress.best_reward} digits={4} />,
                            help: "What the search maximised, on the windows it searched.",
                          },
                          { name: "Reward, what runs", value: <NumberText value={session.progress.running_reward} digits={4} /> },
                          { name: "Dry run", value: session.dry_run ? "yes: nothing is applied" : "no" },
                          { name: "New version", value: session.new_version === null ? "none" : `version ${session.new_version}` },
                        ]),
                    { name: "Data", value: session.data.length ? session.data.join(", ") : "that of the server" },
                  ]}
                />
                <Group gap="lg">
                  {session.decision_event !== null && <Anchor component={Link} size="sm" underline="always" to={`/history/${session.decision_event}`}>Decision of the gate, event {session.decision_event}</Anchor>}
                  <Anchor component={Link} size="sm" underline="always" to={`/history?text=${encodeURIComponent(session.id)}`}>Its events in the ledger</Anchor>
                  <Anchor component={Link} size="sm" underline="always" to={`/training/${encodeURIComponent(session.id)}`}>{isTrain ? "Its curve and model" : "Candidates and verdict"}, page Training</Anchor>
                </Group>
              </>
            );
          }}
        </Read>
        <Part title="End of its log">
          <Read query={log}>
            {(found) =>
              found.text.trim() === "" ? (
                <Text size="sm" c="dimmed">
                  It has written nothing.
                </Text>
              ) : (
                <pre className="raw" tabIndex={0} aria-label="End of the log">
                  {found.text}
                </pre>
              )
            }
          </Read>
        </Part>
      </Stack>
    </Drawer>
  );
}
