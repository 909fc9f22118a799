import { Anchor, Button, Group, Select, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useApi, useCan, useList, useRefreshOn, type Schema } from "../api";
import { Count, Empty, format, Icon, PagedTable, PageFrame, Panel, Read, StatusBadge, TimeText } from "../ui";
import { GateHelp } from "./GateReport";
import { ScenarioCard } from "./ScenarioCards";
import { SessionProgress } from "./SessionProgress";
import { fileName, isAtWork, isTraining, outcomeOf, states, stateTone, titleOf, type Scenario, type TrainingSession } from "./sessions";
import { noOptions, StartDialog, type StartOptions } from "./StartDialog";
import { StopButton } from "./StopButton";
import { noTraining, TrainDialog, type TrainOptions } from "./TrainDialog";

export function Overview() {
  const mayAct = useCan("operator");
  const scenarios = useApi("/api/rl-training/scenarios", undefined, { staleTime: 30_000 });
  useRefreshOn("parameters", ["/api/rl-training/scenarios"], { everyMs: 5000 });
  const status = useApi("/api/rl-training/status", undefined, { refetchInterval: 2000 });
  const [asked, setAsked] = useState<Scenario | null>(null);
  const [isOpen, setOpen] = useState(false);
  const [options, setOptions] = useState<Record<string, StartOptions>>({});
  const [training, setTraining] = useState<TrainOptions>(noTraining);
  const [isTrainOpen, setTrainOpen] = useState(false);
  const recent = useList("/api/sessions", { query: { limit: 20 } });
  const list = scenarios.data?.scenarios ?? [];
  // The recommendation is measured in the background: the status, which is read anew all the time, tells that there is one.
  const told = status.data?.recommended ?? null;
  const shown = scenarios.data ? (scenarios.data.recommended?.scenario ?? null) : told;
  const { refetch } = scenarios;
  useEffect(() => {
    if (told !== shown) void refetch();
  }, [told, shown, refetch]);
  const isBusy = status.data !== undefined && status.data.state !== "idle";

  const begin = (scenario: Scenario) => {
    setAsked(scenario);
    setOpen(true);
  };

  return (
    <PageFrame
      title="Training"
      lead={
        <>
          Searches for better parameters beside trading. Only what the gate approves comes into force.
          <GateHelp />
        </>
      }
    >
      <Panel title="Now" id="now">
        <Read query={status} what="Reading what trains">
          {(now) => (
            <Stack gap="md">
              {now.session ? (
                <Working session={now.session} scenarios={list} />
              ) : (
                <Idle last={now.last_session} scenarios={list} hasQueue={now.queue.length > 0} mayAct={mayAct} />
              )}
              {now.queue.length > 0 && <Queue ids={now.queue} sessions={recent.items} scenarios={list} />}
            </Stack>
          )}
        </Read>
      </Panel>
      <Panel title="Scenarios">
        <Read query={scenarios} what="Reading the scenarios" lines={8}>
          {(answer) => (
            <Stack gap="md">
              {!answer.recommended && (
                <Text size="sm" c="dimmed">
                  None is recommended now: {answer.note ?? "the bars are being measured"}.
                </Text>
              )}
              <div className="scenarios">
                {inOrder(answer).map((scenario) => (
                  <ScenarioCard
                    key={scenario.id}
                    scenario={scenario}
                    scenarios={answer.scenarios}
                    found={answer.recommended?.scenario === scenario.id ? answer.recommended : undefined}
                    start={mayAct ? begin : undefined}
                  />
                ))}
              </div>
            </Stack>
          )}
        </Read>
      </Panel>
      <Panel
        title="Agents"
        aside={
          mayAct && (
            <Button variant="default" size="compact-md" leftSection={<Icon name="play" size={16} />} onClick={() => setTrainOpen(true)}>
              Train an agent
            </Button>
          )
        }
      >
        <Text size="sm">
          An agent learns on past bars, by trial (PPO, DQN) or from an expert that it clones, alone or as a member of an ensemble, and is judged on bars that it
          has not seen. What it learned stands under{" "}
          <Anchor component={Link} to="/models" size="sm" underline="always">
            Models
          </Anchor>
          ; it changes no parameter.
        </Text>
      </Panel>
      <Sessions scenarios={list} />
      <TrainDialog
        opened={isTrainOpen}
        onClose={() => setTrainOpen(false)}
        options={training}
        setOptions={setTraining}
        limits={scenarios.data?.options}
        isBusy={isBusy}
      />
      {asked && (
        <StartDialog
          key={asked.id}
          scenario={asked}
          opened={isOpen}
          onClose={() => setOpen(false)}
          options={options[asked.id] ?? noOptions}
          setOptions={(next) => setOptions((all) => ({ ...all, [asked.id]: next }))}
          limits={scenarios.data?.options}
          isBusy={isBusy}
        />
      )}
    </PageFrame>
  );
}

/** The recommended one first. */
function inOrder(answer: Schema<"Scenarios">): Scenario[] {
  const first = answer.recommended?.scenario;
  return [...answer.scenarios].sort((a, b) => Number(b.id === first) - Number(a.id === first));
}

function Working({ session, scenarios }: { session: TrainingSession; scenarios: Scenario[] }) {
  const title = titleOf(session, scenarios);
  return (
    <Stack gap="md">
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <StatusBadge state={session.state} tone={stateTone(session.state)} />
          <Anchor component={Link} to={`/training/${session.id}`} fw={650}>
            {title}
          </Anchor>
          {session.dry_run && <StatusBadge state="Dry run" tone="neutral" size="sm" />}
        </Group>
        <StopButton session={session} title={title} />
      </Group>
      <Text size="sm" c="dimmed">
        Asked for by {session.by}: {session.reason}
        {session.data.length > 0 && ` · on ${session.data.map(fileName).join(", ")}`}
        {session.started && (
          <>
            {" · since "}
            <TimeText value={session.started} />
          </>
        )}
      </Text>
      <SessionProgress session={session} />
    </Stack>
  );
}

function Idle({ last, scenarios, hasQueue, mayAct }: { last: TrainingSession | null; scenarios: Scenario[]; hasQueue: boolean; mayAct: boolean }) {
  if (!last) {
    return (
      <Empty title={hasQueue ? "The next session is about to begin" : "Nothing trains, and nothing has yet"} icon="training">
        {mayAct ? "Choose a scenario below; the recommended one is marked." : "An operator can start a scenario; its progress and verdict appear here."}
      </Empty>
    );
  }
  const outcome = outcomeOf(last);
  return (
    <Stack gap={6}>
      <Text>{hasQueue ? "The next session is about to begin." : "Nothing trains now."} The last session:</Text>
      <Group gap="sm">
        <StatusBadge state={last.state} tone={stateTone(last.state)} />
        {outcome && <StatusBadge state={outcome.text} tone={outcome.tone} />}
        <Anchor component={Link} to={`/training/${last.id}`} fw={650}>
          {titleOf(last, scenarios)}
        </Anchor>
        <Text size="sm" c="dimmed">
          ended <TimeText value={last.ended} />
        </Text>
      </Group>
      <Text size="sm">{last.sentence}</Text>
    </Stack>
  );
}

function Queue({ ids, sessions, scenarios }: { ids: string[]; sessions: TrainingSession[]; scenarios: Scenario[] }) {
  return (
    <div>
      <Text fw={600} size="sm" mb={6} id="queue-title">
        Waiting: {ids.length}
      </Text>
      <ol className="queue" aria-labelledby="queue-title">
        {ids.map((id, at) => {
          const session = sessions.find((one) => one.id === id);
          return (
            <li key={id}>
              <span>
                {at + 1}.{" "}
                <Anchor component={Link} to={`/training/${id}`} underline="always">
                  {session ? titleOf(session, scenarios) : id}
                </Anchor>
                {session && (
                  <Text span size="sm" c="dimmed">
                    {" "}
                    by {session.by}: {session.reason}
                  </Text>
                )}
              </span>
              {session && <StopButton session={session} title={titleOf(session, scenarios)} />}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Sessions({ scenarios }: { scenarios: Scenario[] }) {
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const state = states.find((one) => one === search.get("state"));
  const sessions = useList("/api/sessions", { query: { limit: 20, ...(state ? { state } : {}) } });
  return (
    <Panel
      title="Sessions"
      aside={
        <Select
          aria-label="State of the sessions"
          placeholder="All states"
          data={states.map((one) => ({ value: one, label: format.words(one) }))}
          value={state ?? null}
          onChange={(next) => setSearch(next ? { state: next } : {}, { replace: true })}
          clearable
          clearButtonProps={{ "aria-label": "Show all states" }}
          size="xs"
          w={150}
        />
      }
    >
      <Read query={sessions.query} what="Reading the sessions">
        {() => (
          <PagedTable
            label="Sessions"
            rows={sessions.items}
            keyOf={(session) => session.id}
            onOpen={(session) => navigate(`/training/${session.id}`)}
            openLabel={(session) => `Open ${titleOf(session, scenarios)} of ${session.queued}`}
            hasMore={sessions.hasMore}
            more={sessions.more}
            isReadingMore={sessions.isReadingMore}
            empty={
              <Empty title={state ? `No session is ${state}` : "No sessions yet"}>
                {state ? "Choose another state." : "Each session that is started here or by stevie optimize stays listed, with its verdict."}
              </Empty>
            }
            columns={[
              { title: "Session", heading: true, cell: (session) => titleOf(session, scenarios) },
              { title: "State", cell: (session) => <StatusBadge state={session.state} tone={stateTone(session.state)} /> },
              {
                title: "Came to",
                cell: (session) => {
                  const outcome = outcomeOf(session);
                  return outcome ? <StatusBadge state={outcome.text} tone={outcome.tone} /> : isAtWork(session) ? `${Math.round(session.progress.fraction * 100)} %` : format.MISSING;
                },
              },
              { title: "Candidates", align: "right", cell: (session) => (isTraining(session) ? format.MISSING : <Count value={session.progress.candidates} />) },
              { title: "Asked for by", cell: (session) => (session.by_hand ? "stevie optimize" : session.by) },
              { title: "Asked for", cell: (session) => <TimeText value={session.queued} part="minute" /> },
              { title: "Took", align: "right", cell: (session) => <span className="digits">{took(session)}</span> },
            ]}
          />
        )}
      </Read>
    </Panel>
  );
}

function took(session: TrainingSession): string {
  if (!session.started || !session.ended) return format.MISSING;
  return format.duration(Date.parse(session.ended) - Date.parse(session.started));
}

