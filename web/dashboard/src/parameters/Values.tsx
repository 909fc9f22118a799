import { ActionIcon, Alert, Button, Group, NumberInput, Select, Stack, Text, Tooltip } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { useApi, useCan, useChange, type Answer } from "../api";
import { useLiveState } from "../shell/useLiveState";
import { Empty, format, Help, Icon, Panel, Read, ReasonDialog, StatusBadge, TimeText } from "../ui";
import { ChangeTable } from "./ChangeTable";
import { changeLook } from "./changes";
import { DraftReplay } from "./DraftReplay";
import { ExportButton, ImportButton } from "./Files";
import { Track } from "./Track";
import {
  changesOf,
  everyParameterPath,
  faultsOf,
  judge,
  layerOf,
  layerText,
  ownLayers,
  ownValues,
  regimes,
  scopeText,
  valueText,
  type Draft,
  type ParameterValue,
  type Scope,
} from "./values";

type Shown = Answer<"get", "/api/parameters">;
const DRAFT_KEY = "stevie.parameters.draft";

/** What is typed and not sent, by layer; it survives that the page is left or loaded anew. */
function useDrafts() {
  const [drafts, setDrafts] = useState<Record<string, Draft>>(() => {
    try {
      return JSON.parse(sessionStorage.getItem(DRAFT_KEY) ?? "{}") as Record<string, Draft>;
    } catch {
      return {};
    }
  });
  useEffect(() => {
    if (Object.keys(drafts).length > 0) sessionStorage.setItem(DRAFT_KEY, JSON.stringify(drafts));
    else sessionStorage.removeItem(DRAFT_KEY);
  }, [drafts]);
  const set = (layer: string, draft: Draft) =>
    setDrafts((all) => {
      const { [layer]: _, ...rest } = all;
      return Object.keys(draft).length > 0 ? { ...rest, [layer]: draft } : rest;
    });
  return { drafts, set };
}

export function Values() {
  const mayAct = useCan("operator");
  const [search, setSearch] = useSearchParams();
  const scope: Scope = {
    symbol: search.get("symbol") || null,
    regime: regimes.find((one) => one === search.get("regime")) ?? null,
  };
  const query = useApi(
    "/api/parameters",
    { query: { ...(scope.symbol ? { symbol: scope.symbol } : {}), ...(scope.regime ? { regime: scope.regime } : {}) } },
    { keepPrevious: true, refetchInterval: 15_000 },
  );
  const targets = useApi("/api/rl-training/targets", undefined, { staleTime: 15_000 });
  const live = useLiveState();
  const layers = query.data?.layers;
  const symbols = [...new Set([...(live.data?.summary.symbols ?? []), ...Object.keys(layers?.symbols ?? {}), ...(scope.symbol ? [scope.symbol] : [])])].sort();
  const choose = (part: Partial<Scope>) => {
    const next = { ...scope, ...part };
    setSearch({ ...(next.symbol ? { symbol: next.symbol } : {}), ...(next.regime ? { regime: next.regime } : {}) }, { replace: true });
  };
  const scenarios = useMemo(
    () => Object.fromEntries((targets.data?.targets ?? []).map((target) => [target.name, target.scenarios])),
    [targets.data],
  );

  return (
    <Read query={query} what="Reading the parameters" lines={10}>
      {(shown) => (
        <Stack gap="md">
          <InForce shown={shown} mayAct={mayAct} />
          <Panel
            title={`Values for ${scopeText(scope)}`}
            aside={
              <Group gap="xs">
                <Select
                  aria-label="Symbol"
                  placeholder="All symbols"
                  data={symbols}
                  value={scope.symbol}
                  onChange={(symbol) => choose({ symbol })}
                  clearable
                  clearButtonProps={{ "aria-label": "All symbols" }}
                  size="xs"
                  w={145}
                />
                <Select
                  aria-label="Market regime"
                  placeholder="All regimes"
                  data={regimes.map((one) => ({ value: one, label: format.words(one) }))}
                  value={scope.regime}
                  onChange={(regime) => choose({ regime: regimes.find((one) => one === regime) ?? null })}
                  clearable
                  clearButtonProps={{ "aria-label": "All regimes" }}
                  size="xs"
                  w={135}
                />
              </Group>
            }
          >
            <Editor shown={shown} scope={scope} mayAct={mayAct} scenarios={scenarios} />
          </Panel>
        </Stack>
      )}
    </Read>
  );
}

/** The version in force, and what can be done with all of it. */
function InForce({ shown, mayAct }: { shown: Shown; mayAct: boolean }) {
  const look = changeLook(shown.change);
  const [asksReset, setAsksReset] = useState(false);
  const reset = useChange("post", "/api/rl-training/reset", { refreshes: [...everyParameterPath] });
  const back = shown.parameters.map((one) => ({ layer: "global", name: one.name, from: shown.layers.global[one.name] ?? one.default, to: one.default }));
  const taken = shown.parameters.flatMap((one) => ownLayers(shown.layers, one.name).map((own) => ({ layer: own.layer, name: one.name, from: own.value, to: null })));
  const changes = [...back.filter((one) => one.from !== one.to), ...taken];
  return (
    <Panel
      title={`Version ${shown.version} is in force`}
      aside={
        <Group gap="xs">
          <ExportButton version={shown.version} />
          {mayAct && <ImportButton current={shown.layers} />}
          {mayAct && (
            <Button variant="default" size="compact-md" leftSection={<Icon name="back" size={16} />} onClick={() => setAsksReset(true)} disabled={changes.length === 0}>
              Reset to defaults
            </Button>
          )}
        </Group>
      }
    >
      <Group gap="sm" align="center">
        <StatusBadge state={look.word} tone={look.tone} icon={look.icon} />
        <Text size="sm">
          by {shown.author.name}, <TimeText value={shown.time} />: {shown.reason}
        </Text>
        <Text size="sm" component={Link} to={`/parameters/history`} c="var(--mantine-color-anchor)">
          History
        </Text>
      </Group>
      <ReasonDialog
        opened={asksReset}
        onClose={() => setAsksReset(false)}
        title="Reset all parameters to their defaults"
        confirm="Reset"
        danger
        onConfirm={(reason) => reset.mutateAsync({ body: { reason } })}
        canConfirm={changes.length > 0}
      >
        <Stack gap="sm">
          <Text size="sm">A new version with the defaults is in force from the next bar on; values of symbols and regimes are taken away. Version {shown.version} stays in the history, and a roll back brings it again.</Text>
          <ChangeTable label="What the reset changes" changes={changes} />
        </Stack>
      </ReasonDialog>
    </Panel>
  );
}

function Editor({ shown, scope, mayAct, scenarios }: { shown: Shown; scope: Scope; mayAct: boolean; scenarios: Record<string, string[]> }) {
  const layer = layerOf(scope);
  const { drafts, set } = useDrafts();
  const draft = (layer !== null && drafts[layer]) || {};
  const [isEditing, setEditing] = useState(Object.keys(draft).length > 0);
  const [asks, setAsks] = useState(false);
  const [done, setDone] = useState<string | null>(null);
  const editable = mayAct && layer !== null;
  const edits = editable && (isEditing || Object.keys(draft).length > 0);
  const changes = changesOf(draft, shown.parameters, shown.layers, scope);
  const faults = faultsOf(draft, shown.parameters);
  const own = ownValues(shown.layers, scope);
  const begun = useRef(shown.version);
  useEffect(() => {
    if (!edits) begun.current = shown.version;
  }, [edits, shown.version]);
  const update = useChange("post", "/api/rl-training/update-parameter", { refreshes: [...everyParameterPath] });

  const type = (name: string, value: Draft[string] | undefined) => {
    if (layer === null) return;
    const { [name]: _, ...rest } = draft;
    set(layer, value === undefined ? rest : { ...rest, [name]: value });
    setDone(null);
  };
  const discard = () => {
    if (layer !== null) set(layer, {});
    setEditing(false);
  };
  const send = async (reason: string) => {
    const answer = await update.mutateAsync({
      body: {
        parameters: changes.map((change) => ({
          name: change.name,
          value: draft[change.name] === null ? null : change.to,
          unit: shown.parameters.find((one) => one.name === change.name)!.unit,
        })),
        reason,
        ...(scope.symbol ? { symbol: scope.symbol } : {}),
        ...(scope.regime ? { regime: scope.regime } : {}),
      },
    });
    discard();
    setDone(answer.text);
  };

  if (shown.parameters.length === 0) return <Empty title="The server knows no parameters">Look at the log of the server.</Empty>;
  const groups = groupsOf(shown.parameters);
  return (
    <Stack gap="md">
      {layer === null && mayAct && (
        <Text size="sm" c="dimmed">
          This is what holds for {scopeText(scope)}. A value belongs to a symbol or to a regime: choose one of them to change it.
        </Text>
      )}
      {layer !== null && layer !== "global" && (
        <Text size="sm" c="dimmed">
          What has no value of its own here is inherited from all symbols and regimes. A regime&apos;s value comes before a symbol&apos;s.
        </Text>
      )}
      {done && (
        <Alert color="green" variant="light" icon={<Icon name="check" />} role="status" withCloseButton onClose={() => setDone(null)} closeButtonLabel="Close">
          {done}. Traded by from the next bar on.
        </Alert>
      )}
      {edits && begun.current !== shown.version && (
        <Alert color="yellow" variant="light" icon={<Icon name="warning" />} role="status">
          Version {shown.version} came into force while you were typing. What you typed stays, and would be set on top of it.
        </Alert>
      )}
      {editable && !edits && (
        <Group>
          <Button leftSection={<Icon name="edit" size={16} />} variant="default" size="compact-md" onClick={() => setEditing(true)}>
            Change values
          </Button>
        </Group>
      )}
      {groups.map((group) => (
        <section key={group.name} aria-label={group.title}>
          <Text fw={650} size="sm" mb={4}>
            {group.title}
          </Text>
          <div className="parameters">
            {group.parameters.map((parameter) => (
              <Row
                key={parameter.name}
                parameter={parameter}
                layer={layer}
                own={own[parameter.name]}
                others={ownLayers(shown.layers, parameter.name).filter((one) => one.layer !== layer)}
                scenarios={scenarios[parameter.name] ?? []}
                typed={draft[parameter.name]}
                onType={edits ? (value) => type(parameter.name, value) : undefined}
              />
            ))}
          </div>
        </section>
      ))}
      {edits && (
        <div className="edit-bar" role="region" aria-label="What is typed and not sent">
          <Text size="sm" role="status">
            {faults.length > 0
              ? `${faults.length === 1 ? "1 value" : `${faults.length} values`} cannot be taken: ${faults.join(", ")}`
              : changes.length === 0
                ? "Nothing changed yet"
                : changes.map((one) => `${one.name} ${one.from === null ? "inherited" : valueText(one.from)} → ${one.to === null ? "inherited" : valueText(one.to)}`).join(", ")}
          </Text>
          <Group gap="xs">
            <Button variant="default" size="compact-md" onClick={discard}>
              {changes.length + faults.length === 0 ? "Cancel" : "Discard"}
            </Button>
            <Button size="compact-md" disabled={changes.length === 0 || faults.length > 0} onClick={() => setAsks(true)}>
              Review {changes.length > 0 && (changes.length === 1 ? "1 change" : `${changes.length} changes`)}
            </Button>
          </Group>
        </div>
      )}
      <ReasonDialog
        opened={asks}
        onClose={() => setAsks(false)}
        title={`Change values for ${scopeText(scope)}`}
        confirm={changes.length === 1 ? "Put 1 change in force" : `Put ${changes.length} changes in force`}
        canConfirm={changes.length > 0 && faults.length === 0}
        onConfirm={send}
      >
        <Stack gap="sm">
          <Text size="sm">
            A new version after {shown.version}, all of it or nothing, in force from the next bar on. The gate is not asked: you answer for it by name.
            Positions that are open keep the stops that they were opened with.
          </Text>
          <ChangeTable label="What changes" changes={changes} />
          {changes.length > 0 && <DraftReplay changes={changes} scope={scope} />}
        </Stack>
      </ReasonDialog>
    </Stack>
  );
}

/** Parameters by the rule that reads them, in the order of the server. */
function groupsOf(parameters: readonly ParameterValue[]): { name: string; title: string; parameters: ParameterValue[] }[] {
  const names = [...new Set(parameters.map((one) => one.used_by))];
  return names.map((name) => ({
    name,
    title: name === "every rule" ? "Used by every rule" : `Used by the rule “${name}”`,
    parameters: parameters.filter((one) => one.used_by === name),
  }));
}

function Row({
  parameter,
  layer,
  own,
  others,
  scenarios,
  typed,
  onType,
}: {
  parameter: ParameterValue;
  layer: string | null;
  own: number | undefined;
  others: { layer: string; value: number }[];
  scenarios: string[];
  typed: Draft[string] | undefined;
  onType?: (value: Draft[string] | undefined) => void;
}) {
  const { name, unit } = parameter;
  const judged = typed === undefined ? {} : judge(parameter, typed);
  const isLayer = layer !== null && layer !== "global";
  const next = typed === undefined || typed === null || judged.fault ? undefined : Number(typed);
  const shownValue = typed === undefined ? (isLayer ? (own ?? "") : parameter.value) : (typed ?? "");
  const isTaken = typed === null;
  return (
    <div className="parameter" data-changed={typed !== undefined || undefined}>
      <div className="parameter-what">
        <span className="code parameter-name">{name}</span>
        <Help about={name}>
          {parameter.meaning}. Read by: {parameter.used_by}. A search looks at steps of {valueText(parameter.step, unit)}.
          {scenarios.length > 0 && ` Searched by ${scenarios.map((one) => one.replace(/_/g, " ")).join(", ")}.`}
          {!parameter.live && " It is taken over at the next start."}
        </Help>
        <Text size="xs" c="dimmed" className="parameter-meaning">
          {parameter.meaning}.
        </Text>
      </div>
      <div className="parameter-value">
        <div className="parameter-number">
          <b className="digits">{valueText(parameter.value)}</b> <span>{unit}</span>
        </div>
        <Text size="xs" c="dimmed">
          {parameter.from === "default" || (parameter.from === "global" && !isLayer) ? null : `from ${layerText(parameter.from)}`}
        </Text>
        {others.length > 0 && (
          <ul className="others" aria-label={`Other values of ${name}`}>
            {others.map((one) => (
              <li key={one.layer}>
                {one.layer}: <span className="digits">{valueText(one.value)}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <Track name={name} value={parameter.value} min={parameter.min} max={parameter.max} fallback={parameter.default} unit={unit} next={next} />
      {onType && (
        <div className="parameter-edit">
          <Group gap={6} wrap="nowrap" align="flex-start">
            <NumberInput
              aria-label={`New value of ${name}, ${unit}`}
              value={shownValue}
              placeholder={isTaken ? "default" : isLayer ? "inherited" : undefined}
              onChange={(value) => onType(value === "" && isLayer && own === undefined ? undefined : value)}
              step={parameter.step}
              clampBehavior="none"
              decimalScale={6}
              error={judged.fault}
              description={judged.note}
              inputWrapperOrder={["input", "error", "description"]}
              rightSectionWidth={28}
              size="sm"
              style={{ flex: 1 }}
            />
            <Tooltip label={isTaken || typed !== undefined ? "Undo what was typed" : isLayer ? "Inherit again" : `Back to the default, ${valueText(parameter.default)}`}>
              <ActionIcon
                variant="default"
                size={36}
                aria-label={
                  typed !== undefined ? `Undo what was typed for ${name}` : isLayer ? `Take away the own value of ${name}` : `Set ${name} to its default`
                }
                disabled={typed === undefined && (isLayer ? own === undefined : parameter.value === parameter.default)}
                onClick={() => onType(typed !== undefined ? undefined : isLayer ? null : parameter.default)}
              >
                <Icon name={typed !== undefined ? "back" : isLayer ? "cross" : "refresh"} size={16} />
              </ActionIcon>
            </Tooltip>
          </Group>
          {isTaken && (
            <Text size="xs" c="dimmed" mt={4}>
              Its own value is taken away; it inherits again.
            </Text>
          )}
        </div>
      )}
    </div>
  );
}
