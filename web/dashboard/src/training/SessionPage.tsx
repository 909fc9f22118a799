import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { download, useApi, useChange, type Answer } from "../api";
import { Count, Empty, Fault, format, Icon, KeyValue, Loading, NumberText, PagedTable, PageFrame, Panel, Read, StatusBadge, TimeText } from "../ui";
import { ChangeTable } from "../parameters/ChangeTable";
import { OverrideButton, useProposal } from "../parameters/Override";
import { GateHelp, GateReport } from "./GateReport";
import { SessionCurve, SessionProgress } from "./SessionProgress";
import { boldness, fileName, goals, isActive, isTraining, outcomeOf, stateTone, titleOf, type TrainingSession } from "./sessions";
import { StopButton } from "./StopButton";
import { TrainedModel } from "./TrainedModel";

type Results = Answer<"get", "/api/rl-training/scenarios/results/{id}">;

export function SessionPage() {
  const { id = "" } = useParams();
  const [isLive, setLive] = useState(true);
  const query = useApi("/api/sessions/{id}", { path: { id } }, { refetchInterval: isLive ? 2000 : false });
  const scenarios = useApi("/api/rl-training/scenarios", undefined, { staleTime: 30_000 });
  const session = query.data;
  const active = session === undefined || isActive(session);
  useEffect(() => setLive(active), [active]);
  const title = session ? titleOf(session, scenarios.data?.scenarios) : "Session";
  return (
    <PageFrame
      title={title}
      lead={
        <>
          <Anchor component={Link} to="/training" size="sm" underline="always">
            All sessions
          </Anchor>
          {" · session "}
          <span className="code">{id}</span>
        </>
      }
      aside={session && <StopButton session={session} title={title} />}
    >
      {query.error?.status === 404 ? (
        <Panel title="Not found">
          <Empty title="There is no session of this name" action={<Anchor component={Link} to="/training">To all sessions</Anchor>}>
            Sessions are listed on the page Training.
          </Empty>
        </Panel>
      ) : (
        <Read query={query} what="Reading the session" lines={6}>
          {(found) => <Shown session={found} />}
        </Read>
      )}
    </PageFrame>
  );
}

function Shown({ session }: { session: TrainingSession }) {
  const active = isActive(session);
  const hasResults = !active && session.kind === "optimize" && session.outcome !== null;
  const results = useApi("/api/rl-training/scenarios/results/{id}", { path: { id: session.id } }, { enabled: hasResults, staleTime: 60_000 });
  return (
    <>
      {!active && <Outcome session={session} />}
      {active && (
        <Panel
          title="Progress"
          aside={
            <Group gap="xs">
              {session.dry_run && <StatusBadge state="Dry run" tone="neutral" />}
              <StatusBadge state={session.state} tone={stateTone(session.state)} />
            </Group>
          }
        >
          <SessionProgress session={session} />
        </Panel>
      )}
      {hasResults && (
        <>
          {results.isPending && !results.error && (
            <Panel title="Verdict">
              <Loading what="Reading the results" lines={6} />
            </Panel>
          )}
          {results.error && results.error.status !== 401 && (
            <Panel title="Verdict">
              <Fault error={results.error} retry={() => void results.refetch()} title="The results could not be read" />
            </Panel>
          )}
          {results.data && <Verdict session={session} results={results.data} />}
        </>
      )}
      {!active && isTraining(session) && <TrainedModel session={session} />}
      <div className="two">
        <Asked session={session} results={results.data} />
        <Log id={session.id} active={active} />
      </div>
    </>
  );
}

/** How it ended, and what that means for the parameters. */
function Outcome({ session }: { session: TrainingSession }) {
  const outcome = outcomeOf(session);
  const color = session.state === "failed" ? "red" : session.outcome === "promoted" ? "green" : session.state === "finished" ? "blue" : "yellow";
  return (
    <Alert color={color} variant="light" icon={<Icon name={session.state === "failed" ? "warning" : "info"} />} title={isTraining(session) ? "How it ended" : "What it means for the parameters"}>
      <Stack gap="xs">
        <Group gap="xs">
          <StatusBadge state={session.state} tone={stateTone(session.state)} />
          {outcome && <StatusBadge state={outcome.text} tone={outcome.tone} />}
          {session.dry_run && <StatusBadge state="Dry run" tone="neutral" />}
        </Group>
        <Text size="sm">{session.sentence || "It ended without a word."}</Text>
        {isTraining(session) && <Text size="sm">No training changes parameters, nor what trades.</Text>}
        {session.outcome === "not_applied" && (
          <Text size="sm">
            The gate approved the proposal, and it was left unapplied as asked. To put it in force start the scenario again without “dry run”: the same seed
            on the same bars finds the same candidates.
          </Text>
        )}
        <Group gap="md">
          {session.new_version !== null && (
            <Anchor component={Link} to={`/parameters/history#version-${session.new_version}`} size="sm">
              Version {session.new_version} in the history of the parameters
            </Anchor>
          )}
          {session.decision_event !== null && (
            <Anchor component={Link} to={`/history/${session.decision_event}`} size="sm">
              The decision in the ledger (event {session.decision_event})
            </Anchor>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

function Verdict({ session, results }: { session: TrainingSession; results: Results }) {
  const { gate } = results;
  const proposal = useProposal(session.decision_event);
  return (
    <>
      <Panel
        title={
          <>
            Verdict of the gate
            <GateHelp />
          </>
        }
        aside={proposal && <OverrideButton proposal={proposal} />}
      >
        {gate ? (
          <GateReport gate={gate} />
        ) : (
          <Empty title="The gate was not asked">
            No candidate did better than what runs on the days that were searched, so there was nothing to judge. The unseen days stay unseen.
          </Empty>
        )}
      </Panel>
      <div className="two">
        <Panel title={gate && gate.verdict !== "promote" ? "What it would have changed" : "What it changes"}>
          <ChangeTable
            label="Values before and after"
            changes={results.parameters.map((one) => ({ layer: "global", name: one.name, from: one.before, to: one.after }))}
            empty={<Empty title="Nothing">No parameter was to be changed.</Empty>}
          />
        </Panel>
        <Panel title="Best so far, by episode">
          <SessionCurve session={session} />
        </Panel>
      </div>
      <Candidates results={results} />
      {results.notes.length > 0 && (
        <Panel title="Notes">
          <ul className="notes">
            {results.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

const numberOrNull = (value: unknown) => (typeof value === "number" ? value : null);

const SHOWN_AT_FIRST = 6;

function Candidates({ results }: { results: Results }) {
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const names = results.parameters.map((one) => one.name);
  const sorted = useMemo(
    () =>
      results.candidates
        .map((candidate, at) => ({ ...candidate, number: at, isBest: at === results.best }))
        .sort((a, b) => b.reward - a.reward),
    [results],
  );
  return (
    <Panel title="Candidates, best first">
      <Text size="sm" c="dimmed" mb="sm">
        Their rewards on the windows that were searched. “Unseen” is the same measure on the days of the gate, which had no part in choosing.
      </Text>
      <PagedTable
        label="Candidates"
        rows={sorted.slice(0, shown)}
        keyOf={(candidate) => candidate.number}
        total={sorted.length}
        hasMore={shown < sorted.length}
        more={() => setShown(shown + 20)}
        selected={(candidate) => candidate.isBest}
        empty={<Empty title="No candidates">It ended before the first episode was done.</Empty>}
        columns={[
          {
            title: "Candidate",
            heading: true,
            cell: (candidate) => (
              <span className="candidate">
                {candidate.number + 1}
                {candidate.isBest && <StatusBadge state="Proposed" tone="good" size="sm" />}
              </span>
            ),
          },
          { title: "Episode", align: "right", cell: (candidate) => <Count value={candidate.episode} /> },
          { title: "Reward", align: "right", cell: (candidate) => <NumberText value={candidate.reward} digits={3} /> },
          { title: "Unseen", align: "right", cell: (candidate) => <NumberText value={numberOrNull((candidate as { unseen_value?: unknown }).unseen_value)} digits={3} /> },
          { title: "Trades", align: "right", cell: (candidate) => <Count value={tradesOf(candidate.trades)} /> },
          ...names.map((name) => ({
            title: name,
            align: "right" as const,
            cell: (candidate: (typeof sorted)[number]) => <span className="digits">{valueText(candidate.values[name])}</span>,
          })),
        ]}
      />
    </Panel>
  );
}

function valueText(value: number | undefined): string {
  return value === undefined ? format.MISSING : String(Number(value.toPrecision(6)));
}

/** A count, or counts by symbol. */
function tradesOf(trades: unknown): number | null {
  if (typeof trades === "number") return trades;
  const all = Array.isArray(trades) ? trades : typeof trades === "object" && trades !== null ? Object.values(trades) : [];
  const numbers = all.filter((one): one is number => typeof one === "number");
  return numbers.length > 0 ? numbers.reduce((sum, one) => sum + one, 0) : null;
}

/** What was asked for, by whom and why, and how it was searched. */
function Asked({ session, results }: { session: TrainingSession; results: Results | undefined }) {
  const scenario = (results?.scenario ?? {}) as { goal?: string; aggressiveness?: keyof typeof boldness; targets?: string[] };
  const search = (results?.search ?? {}) as { method?: string; seed?: number; stopped_by?: string; episodes?: number };
  const windows = (results?.windows ?? {}) as { search?: { from: string; to: string }[]; unseen?: { from: string; to: string }; embargo_days?: number };
  const settings = Object.entries(session.settings);
  const first = windows.search?.[0];
  const last = windows.search?.[windows.search.length - 1];
  const rows = [
    { name: "Asked for by", value: session.by_hand ? `${session.by} (stevie optimize)` : session.by },
    { name: "Reason", value: session.reason || format.MISSING },
    { name: "Bars", value: session.data.length > 0 ? session.data.map(fileName).join(", ") : "those of the configuration" },
    ...(session.kind === "optimize" ? [{ name: "Limits", value: limitsOf(session) }] : []),
    ...(session.expert !== null ? [{ name: "Expert", value: session.expert === "rsi-ma" ? "rsi-ma" : fileName(session.expert) }] : []),
    ...(session.from !== null ? [{ name: "Started from", value: fileName(session.from) }] : []),
    ...(session.augment !== null ? [{ name: "Augmented with", value: session.augment }] : []),
    ...(session.curriculum ? [{ name: "Curriculum", value: "calm markets first, turbulent ones last" }] : []),
    ...settings.map(([key, value]) => ({ name: settingNames[key] ?? key, value: /^\d{4,}$/.test(value) ? format.count(Number(value)) : value })),
    { name: "Asked for at", value: <TimeText value={session.queued} /> },
    { name: "Began", value: <TimeText value={session.started} /> },
    { name: "Ended", value: <TimeText value={session.ended} /> },
    ...(session.attempts > 1 ? [{ name: "Launches", value: <Count value={session.attempts} />, help: "It was interrupted and resumed from its last saved state." }] : []),
    ...(scenario.goal ? [{ name: "Looked for", value: goals[scenario.goal]?.word ?? format.words(scenario.goal), help: goals[scenario.goal]?.text }] : []),
    ...(search.method ? [{ name: "Search", value: `${search.method.toUpperCase()}, seed ${search.seed ?? 1}` }] : []),
    ...(search.stopped_by ? [{ name: "Ended because", value: endedBecause(search.stopped_by) }] : []),
    ...(first && last ? [{ name: "Searched", value: `${windows.search!.length} windows, ${first.from} to ${last.to}`, help: `${windows.embargo_days ?? 0} days lie between them, so that none looks into the next.` }] : []),
    ...(windows.unseen ? [{ name: "Kept unseen for the gate", value: `${windows.unseen.from} to ${windows.unseen.to}` }] : []),
  ];
  return (
    <Panel title="How it was asked for" aside={<ReportButton session={session} />}>
      <KeyValue rows={rows} />
    </Panel>
  );
}

const settingNames: Record<string, string> = {
  "optimize.seed": "Seed",
  "ppo.seed": "Seed",
  "dqn.seed": "Seed",
  "cloning.seed": "Seed",
  "bootstrap.first_seed": "First seed",
  "bootstrap.seeds": "Seeds",
  "train.total_timesteps": "Steps",
  "ensemble.timesteps": "Steps of each member",
  "ensemble.members": "Members",
  "cloning.max_epochs": "Epochs at most",
  "cloning.folds": "Blocks of the cross-validation",
};

function limitsOf(session: TrainingSession): string {
  const parts = [
    ...(session.minutes !== null ? [`${format.number(session.minutes, { digits: session.minutes % 1 === 0 ? 0 : 2 })} min`] : []),
    ...(session.episodes !== null ? [`${format.count(session.episodes)} episodes`] : []),
  ];
  return parts.length > 0 ? parts.join(", ") : "those of the scenario";
}

function endedBecause(code: string): string {
  const known: Record<string, string> = {
    episodes: "the episodes were used up",
    minutes: "the minutes were used up",
    time: "the minutes were used up",
    converged: "the search had converged",
    no_difference: "the candidates no longer differed",
  };
  return known[code] ?? code.replace(/_/g, " ");
}

/** A bootstrap and a clone have a report of their own beside that of the policy that is kept. */
function reportOf(session: TrainingSession): string {
  if (session.kind === "bootstrap") return "bootstrap_report.html";
  return session.kind === "clone" ? "bc_report.html" : "report.html";
}

/** The report as a page of its own, by a ticket that opens it once; and as a file. */
function ReportButton({ session }: { session: TrainingSession }) {
  const [error, setError] = useState<unknown>(null);
  const reports = useApi("/api/reports", { query: { limit: 200 } }, { enabled: !isActive(session), staleTime: 60_000 });
  const report = reports.data?.items.find((one) => one.name.includes(`${session.id}/${reportOf(session)}`));
  const ticket = useChange("post", "/api/reports/{id}/ticket");
  if (!report) return null;
  const open = async () => {
    // Opened at the click: a browser keeps windows away that open later.
    const page = window.open("", "_blank");
    setError(null);
    try {
      const { url } = await ticket.mutateAsync({ path: { id: report.id } });
      if (page) {
        page.opener = null;
        page.location.replace(url);
      }
    } catch (thrown) {
      page?.close();
      setError(thrown);
    }
  };
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Button size="compact-sm" variant="default" leftSection={<Icon name="open" size={14} />} onClick={() => void open()} loading={ticket.isPending}>
          Report
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Icon name="download" size={14} />}
          aria-label="File: save the report"
          onClick={() => {
            setError(null);
            download(`/api/reports/${report.id}`, `${session.id}.html`).catch(setError);
          }}
        >
          File
        </Button>
      </Group>
      {error !== null && <Fault error={error} />}
    </Stack>
  );
}

function Log({ id, active }: { id: string; active: boolean }) {
  const query = useApi("/api/sessions/{id}/log", { path: { id }, query: { bytes: 16_384 } }, { refetchInterval: active ? 2000 : false });
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  const text = query.data?.text;
  // The end is in view, unless somebody has scrolled up to read.
  useEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <Panel title="End of the log" aside={query.data && query.data.size > 0 ? <Text size="sm" c="dimmed">{format.bytes(query.data.size)} in all</Text> : undefined}>
      <Read
        query={query}
        what="Reading the log"
        isEmpty={(data) => data.text === ""}
        empty={<Empty title="Nothing is written yet">{active ? "What its worker writes appears here." : "Its worker wrote nothing, or it ran by hand in another folder."}</Empty>}
      >
        {(data) => (
          <pre
            ref={box}
            className="log"
            tabIndex={0}
            role="region"
            aria-label="End of the log"
            onScroll={(event) => {
              const at = event.currentTarget;
              atEnd.current = at.scrollTop + at.clientHeight >= at.scrollHeight - 24;
            }}
          >
            {data.text}
          </pre>
        )}
      </Read>
    </Panel>
  );
}

