import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { useApi, useCan, useRefreshOn, type Schema } from "../api";
import { useLiveState } from "../shell/useLiveState";
import { format, Icon, PagedTable, Panel, Read, StatusBadge, TimeText, type Column } from "../ui";
import { LimitInput, LimitReview } from "./LimitChanges";
import { changesOf, faultsOf, limitShown, limitTexts, type Draft, type Limit, type LimitText } from "./limits";

type LimitsState = Schema<"RiskLimitsState">;
type LiveState = Schema<"LiveState">;
type Row = { text: LimitText; limit: Limit };

export function LimitsSection() {
  const limits = useApi("/api/live/limits", undefined, { refetchInterval: 15_000 });
  const state = useLiveState();
  useRefreshOn("risk", ["/api/live/limits"], { everyMs: 500 });
  return (
    <Read query={limits} what="Reading the limits" lines={8}>
      {(shown) => <Limits shown={shown} state={state.data} />}
    </Read>
  );
}

/** What is typed, and the change that was the newest when typing began. */
interface Typed {
  draft: Draft;
  base: number;
}

function Limits({ shown, state }: { shown: LimitsState; state: LiveState | undefined }) {
  const isAdmin = useCan("admin");
  const [typed, setTyped] = useState<Typed | null>(null);
  const [asks, setAsks] = useState(false);
  const [isDone, setDone] = useState(false);
  const newest = shown.change?.event ?? 0;
  const edits = isAdmin && typed !== null;
  const draft = typed?.draft ?? {};
  const changes = changesOf(draft, shown.limits);
  const faults = faultsOf(draft, shown.limits);
  const isOverhauled = edits && typed.base !== newest;
  const begin = () => {
    setDone(false);
    setTyped({ draft: {}, base: newest });
  };
  const type = (name: LimitText["name"], value: Draft[LimitText["name"]]) => {
    const { [name]: _, ...rest } = draft;
    setTyped({ draft: value === undefined ? rest : { ...rest, [name]: value }, base: typed?.base ?? newest });
  };
  const rows: Row[] = limitTexts.flatMap((text) => {
    const limit = shown.limits.find(({ name }) => name === text.name);
    return limit ? [{ text, limit }] : [];
  });

  return (
    <Panel
      title="Limits of the risk engine"
      aside={
        isAdmin &&
        !edits && (
          <Button variant="default" size="compact-md" leftSection={<Icon name="edit" size={16} />} onClick={begin}>
            Change limits
          </Button>
        )
      }
    >
      <Stack gap="sm">
        <Text size="sm">
          Every order passes these before it reaches a broker. {isAdmin ? "Administrators change them" : "Only administrators change them"}, by name and with
          a reason; no search, no training and no promotion does.
        </Text>
        <Newest shown={shown} />
        {isDone && (
          <Alert color="green" variant="light" icon={<Icon name="check" />} role="status" withCloseButton onClose={() => setDone(false)} closeButtonLabel="Close">
            On record, and in force {shown.obeyed ? "now" : "from the next bar on"}.
          </Alert>
        )}
        {isOverhauled && (
          <Alert color="yellow" variant="light" icon={<Icon name="warning" />} role="status" title="Limits changed while you were typing">
            <Stack gap="xs" align="flex-start">
              <Text size="sm">The table shows what is in force now. What you typed stays, and is not sent before you have compared.</Text>
              <Button variant="default" size="compact-sm" onClick={() => setTyped({ draft, base: newest })}>
                I have compared
              </Button>
            </Stack>
          </Alert>
        )}
        <PagedTable
          label="Limits of the risk engine"
          rows={rows}
          keyOf={({ text }) => text.name}
          columns={columnsOf(edits ? { draft, type } : null, state)}
        />
        {edits && (
          <div className="limit-bar" role="region" aria-label="What is typed and not sent">
            <Text size="sm" role="status">
              {faults.length > 0
                ? `Cannot be taken: ${faults.map(({ title }) => title).join(", ")}`
                : changes.length === 0
                  ? "Nothing changed yet"
                  : changes.map(({ text, from, to }) => `${text.title} ${limitShown(text, from)} → ${limitShown(text, to)}`).join(", ")}
            </Text>
            <Group gap="xs">
              <Button variant="default" size="compact-md" onClick={() => setTyped(null)}>
                {changes.length + faults.length === 0 ? "Cancel" : "Discard"}
              </Button>
              <Button size="compact-md" disabled={changes.length === 0 || faults.length > 0 || isOverhauled} onClick={() => setAsks(true)}>
                Review {changes.length > 0 && (changes.length === 1 ? "1 change" : `${changes.length} changes`)}
              </Button>
            </Group>
          </div>
        )}
        {state && (
          <Text size="sm" component="div">
            State of the risk engine:{" "}
            <StatusBadge state={state.risk.state} tone={state.risk.state === "active" ? "good" : state.risk.state === "halted" ? "bad" : "warn"} size="sm" />{" "}
            {state.risk.why}
          </Text>
        )}
        {edits && (
          <LimitReview
            opened={asks}
            onClose={() => setAsks(false)}
            changes={changes}
            base={typed.base}
            state={state}
            onDone={() => {
              setTyped(null);
              setDone(true);
            }}
          />
        )}
      </Stack>
    </Panel>
  );
}

/** Who changed them last. */
function Newest({ shown: { change, limits, obeyed } }: { shown: LimitsState }) {
  if (!change)
    return (
      <Text size="sm" c="dimmed">
        All are as the section risk of the configuration has them; nobody has changed any.
      </Text>
    );
  const count = limits.filter(({ changed }) => changed).length;
  return (
    <Text size="sm" component="div">
      Changed last by {change.by}, <TimeText value={change.time} part="minute" />: {change.reason} (<Link to={`/history/${change.event}`}>event {change.event}</Link>).{" "}
      {count === 0 ? "All follow the configuration again." : count === 1 ? "One no longer follows the configuration." : `${count} no longer follow the configuration.`}
      {!obeyed && " The loop takes them over with its next bar."}
    </Text>
  );
}

function columnsOf(editing: { draft: Draft; type: (name: LimitText["name"], value: Draft[LimitText["name"]]) => void } | null, state: LiveState | undefined): Column<Row>[] {
  return [
    { title: "Limit", cell: ({ text }) => text.title, heading: true },
    {
      title: "In force",
      cell: ({ text, limit }) => (
        <span className="limit-value" data-changed={limit.changed || undefined}>
          <span className="digits">{limitShown(text, limit.in_force)}</span>
          {limit.changed && <span className="setting-default">set by a person; configured {limitShown(text, limit.configured)}</span>}
        </span>
      ),
      align: "right",
    },
    ...(editing
      ? [
          {
            title: "New value",
            cell: ({ text, limit }: Row) => (
              <LimitInput text={text} limit={limit} typed={editing.draft[text.name]} onType={(value) => editing.type(text.name, value)} />
            ),
          },
        ]
      : []),
    { title: "What it holds back", cell: ({ text }) => <span className="prose">{text.meaning}</span> },
    {
      title: "Orders denied by it",
      cell: ({ text }) => <span className="digits">{text.denial === null || !state ? format.MISSING : format.count(state.risk.denials[text.denial] ?? 0)}</span>,
      align: "right",
      wideOnly: editing !== null,
    },
    ...(editing ? [] : [{ title: "Setting", cell: ({ text }: Row) => <span className="code setting-name">risk.{text.name}</span>, wideOnly: true }]),
  ];
}
