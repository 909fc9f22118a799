import { Anchor, Button, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMemo } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { useApi, useList, useRefreshOn } from "../api";
import { Duration, Empty, format, Icon, PagedTable, Panel, Read, StatusBadge, TimeText } from "../ui";
import { titleOf } from "../training/sessions";
import { allSessions, saveSessions, type SessionQuery } from "./exporting";
import { ExportMenu } from "./ExportMenu";
import { periods } from "./filters";
import { SessionDrawer } from "./SessionDrawer";
import { flat, liveSessions, matches, sessionStates, stateTones, type SessionState } from "./sessions";

const sessionKinds = [
  { value: "optimize", label: "Search of parameters" },
  { value: "train", label: "Training of an agent" },
  { value: "bootstrap", label: "First trainings" },
  { value: "clone", label: "Clone of an expert" },
  { value: "ensemble", label: "Training of an ensemble" },
] as const;

/** Scenarios by their titles; the chosen one is among them in any case. */
function scenariosOf(known: readonly { id: string; title: string }[], chosen: string) {
  const choices = known.map(({ id, title }) => ({ value: id, label: title }));
  return chosen && !known.some(({ id }) => id === chosen) ? [...choices, { value: chosen, label: format.words(chosen) }] : choices;
}

function tookMs(from: string | null, to: string | null): number | null {
  return from === null ? null : Date.parse(to ?? new Date().toISOString()) - Date.parse(from);
}

export function SessionsTab() {
  const [address, setAddress] = useSearchParams();
  const shown = address.get("of") === "live" ? "live" : "training";
  const { id } = useParams();
  const navigate = useNavigate();
  return (
    <Stack gap="md">
      <SegmentedControl
        className="of-sessions"
        aria-label="Which sessions"
        value={shown}
        onChange={(of) => setAddress(of === "live" ? { of } : {}, { replace: true })}
        data={[
          { value: "training", label: "Training" },
          { value: "live", label: "Trading" },
        ]}
      />
      {shown === "training" ? <TrainingSessions /> : <TradingSessions />}
      {id && <SessionDrawer id={id} onClose={() => void navigate({ pathname: "/history/sessions", search: address.toString() })} />}
    </Stack>
  );
}

function TrainingSessions() {
  const [address, setAddress] = useSearchParams();
  const navigate = useNavigate();
  const { id } = useParams();
  const asked = address.get("state") ?? "";
  const state = (sessionStates as readonly string[]).includes(asked) ? (asked as SessionState) : "";
  const text = address.get("text") ?? "";
  const kind = sessionKinds.find(({ value }) => value === address.get("kind"))?.value ?? "";
  const scenario = (address.get("scenario") ?? "").slice(0, 200);
  const asks = address.get("period") ?? "";
  const period = Object.hasOwn(periods, asks) ? (asks as keyof typeof periods) : "";
  const since = useMemo(() => (period ? new Date(Date.now() - periods[period].ms).toISOString() : ""), [period]);
  const filters: SessionQuery = { ...(state ? { state } : {}), ...(kind ? { kind } : {}), ...(scenario ? { scenario } : {}), ...(since ? { since } : {}) };
  const sessions = useList("/api/sessions", { query: { limit: 500, ...filters } });
  const known = useApi("/api/rl-training/scenarios", undefined, { staleTime: 60_000 });
  useRefreshOn("sessions", ["/api/sessions"], { everyMs: 2000 });
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(address);
    if (value) next.set(name, value);
    else next.delete(name);
    setAddress(next, { replace: true });
  };
  const rows = sessions.items.filter((session) => matches(session, text));
  return (
    <Panel
      title="Training sessions"
      aside={
        <ExportMenu
          label="Export this list"
          formats={[
            { value: "csv", title: "CSV", text: "One row a session" },
            { value: "json", title: "JSON", text: "A list of sessions as the API gives them" },
          ]}
          onExport={async (chosen) => {
            const all = (await allSessions(filters)).filter((session) => matches(session, text));
            return saveSessions(chosen, "sessions", all, flat);
          }}
        />
      }
    >
      <Stack gap="sm">
        <div className="filters" role="search" aria-label="Filters of the sessions">
          <Select
            label="State"
            data={[{ value: "", label: "Any state" }, ...sessionStates.map((value) => ({ value, label: format.words(value) }))]}
            value={state}
            onChange={(value) => set("state", value ?? "")}
            allowDeselect={false}
            comboboxProps={{ shadow: "md" }}
          />
          <Select
            label="Kind"
            data={[{ value: "", label: "Any kind" }, ...sessionKinds]}
            value={kind}
            onChange={(value) => set("kind", value ?? "")}
            allowDeselect={false}
            comboboxProps={{ shadow: "md" }}
          />
          <Select
            label="Scenario"
            data={[{ value: "", label: "Any scenario" }, ...scenariosOf(known.data?.scenarios ?? [], scenario)]}
            value={scenario}
            onChange={(value) => set("scenario", value ?? "")}
            allowDeselect={false}
            comboboxProps={{ shadow: "md" }}
          />
          <Select
            label="Time"
            data={[{ value: "", label: "Any time" }, ...Object.entries(periods).map(([value, { title }]) => ({ value, label: title }))]}
            value={period}
            onChange={(value) => set("period", value ?? "")}
            allowDeselect={false}
            comboboxProps={{ shadow: "md" }}
          />
          <TextInput
            label="Text"
            placeholder="scenario, person, reason, result"
            value={text}
            maxLength={200}
            onChange={(event) => set("text", event.currentTarget.value)}
            leftSection={<Icon name="search" size={16} />}
          />
        </div>
        <Read query={sessions.query}>
          {() => (
            <PagedTable
              label="Training sessions"
              rows={rows}
              keyOf={(session) => session.id}
              columns={[
                {
                  title: "Session",
                  heading: true,
                  cell: (session) => <span className="event-kind">{titleOf(session)}</span>,
                },
                { title: "State", cell: (session) => <StatusBadge state={session.state} tone={stateTones[session.state]} size="sm" /> },
                { title: "Result", cell: (session) => <span className="event-brief prose">{session.sentence || format.MISSING}</span> },
                { title: "By", cell: (session) => session.by },
                { title: "Why", cell: (session) => session.reason || format.MISSING },
                { title: "Queued", cell: (session) => <TimeText value={session.queued} part="minute" /> },
                { title: "Took", cell: (session) => <Duration ms={tookMs(session.started, session.ended)} />, align: "right" },
              ]}
              hasMore={sessions.hasMore}
              more={sessions.more}
              isReadingMore={sessions.isReadingMore}
              onOpen={(session) => void navigate({ pathname: `/history/sessions/${encodeURIComponent(session.id)}`, search: address.toString() })}
              openLabel={(session) => `Open ${titleOf(session)}, session ${session.id}`}
              selected={(session) => session.id === id}
              empty={
                Object.keys(filters).length > 0 || text ? (
                  <Empty title="No session fits">Choose less, or look for less text.</Empty>
                ) : (
                  <Empty
                    title="No training session yet"
                    icon="training"
                    action={
                      <Button component={Link} to="/training" variant="default" size="compact-md">
                        Go to Training
                      </Button>
                    }
                  >
                    Start one on the page Training.
                  </Empty>
                )
              }
            />
          )}
        </Read>
        {text && sessions.hasMore && (
          <Text size="sm" c="dimmed">
            The text is looked for in the newest {sessions.items.length} sessions; show more to look further back. The export looks at all.
          </Text>
        )}
      </Stack>
    </Panel>
  );
}

function TradingSessions() {
  const starts = useList("/api/ledger/events", { query: { kind: "live.started", limit: 100 } });
  const stops = useApi("/api/ledger/events", { query: { kind: "live.stopped", limit: 500 } });
  useRefreshOn("live", ["/api/ledger/events"], { everyMs: 5000, when: (event) => event.kind !== "live.state" });
  const rows = liveSessions(starts.items, stops.data?.items ?? []);
  return (
    <Panel
      title="Trading sessions"
      aside={
        <ExportMenu
          label="Export this list"
          formats={[
            { value: "csv", title: "CSV", text: "One row a session" },
            { value: "json", title: "JSON", text: "A list of sessions" },
          ]}
          onExport={async (chosen) => saveSessions(chosen, "trading", rows, (row) => ({ ...row, symbols: row.symbols.join(" ") }))}
        />
      }
    >
      <Read query={starts.query}>
        {() => (
          <PagedTable
            label="Trading sessions"
            rows={rows}
            keyOf={(session) => session.startEvent}
            columns={[
              { title: "Session", cell: (session) => session.id, heading: true },
              {
                title: "State",
                cell: (session) =>
                  session.ended ? (
                    <StatusBadge state="ended" tone="neutral" size="sm" />
                  ) : (
                    <StatusBadge state={session === rows[0] ? "newest, not ended" : "ended without a word"} tone={session === rows[0] ? "busy" : "warn"} size="sm" />
                  ),
              },
              { title: "Mode", cell: (session) => format.words(session.mode) },
              { title: "Market", cell: (session) => session.feed || session.symbols.join(", ") },
              { title: "Began", cell: (session) => <TimeText value={session.started} part="minute" /> },
              { title: "Ended", cell: (session) => <TimeText value={session.ended} part="minute" /> },
              { title: "Why", cell: (session) => session.why || format.MISSING },
              {
                title: "Events",
                cell: (session) => (
                  <Anchor component={Link} size="sm" underline="always" to={`/history?kind=live.&text=${encodeURIComponent(session.id)}`} aria-label={`Events of session ${session.id}`}>
                    Show
                  </Anchor>
                ),
              },
            ]}
            hasMore={starts.hasMore}
            more={starts.more}
            isReadingMore={starts.isReadingMore}
            empty={<Empty title="This server has not traded yet">Start it with <span className="code">stevie serve --data FILE</span> or <span className="code">--feed binance</span>.</Empty>}
          />
        )}
      </Read>
    </Panel>
  );
}
