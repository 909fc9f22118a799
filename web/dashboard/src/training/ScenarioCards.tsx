import { Button, Group, Text, Title } from "@mantine/core";
import { useApi, type Schema } from "../api";
import { format, Help, Icon, KeyValue, StatusBadge, TimeText } from "../ui";
import { boldness, goals, type Scenario } from "./sessions";

/** How boldly a scenario begins: as words and as one to three bars. */
export function Boldness({ level }: { level: Scenario["aggressiveness"] }) {
  const known = boldness[level];
  return (
    <span className="boldness">
      {format.words(level)}
      <span aria-hidden="true">
        {[1, 2, 3].map((bar) => (
          <i key={bar} data-on={bar <= known.level || undefined} />
        ))}
      </span>
      <span className="visually-hidden">({known.level} of 3)</span>
    </span>
  );
}

/** `start`: absent where the person may not. `found`: why it is the recommended one. */
export function ScenarioCard({
  scenario,
  start,
  found,
  scenarios,
}: {
  scenario: Scenario;
  start?: (scenario: Scenario) => void;
  found?: Schema<"Recommendation">;
  scenarios: readonly Scenario[];
}) {
  const goal = goals[scenario.goal];
  const schema = useApi("/api/parameters/schema", undefined, { staleTime: Infinity });
  const meaning = (name: string) => schema.data?.parameters.find((one) => one.name === name)?.meaning;
  return (
    <article className="scenario" data-recommended={found !== undefined || undefined} aria-label={scenario.title}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <Title order={3} size="h5">
          {scenario.title}
        </Title>
        {found && <StatusBadge state="Recommended now" tone="good" />}
      </Group>
      <div className="scenario-body">
        <div className="scenario-what">
          <Text size="sm">{scenario.purpose}</Text>
          <Text size="sm">
            <Text span c="dimmed">
              Best for:{" "}
            </Text>
            {scenario.best_for}
          </Text>
          <div>
            <Text size="sm" c="dimmed" mb={4} id={`targets-${scenario.id}`}>
              Searches {scenario.targets.length === 1 ? "1 parameter" : `${scenario.targets.length} parameters`}
              {schema.data && schema.data.parameters.length > 0 && (
                <Help about={`the parameters of ${scenario.title}`}>
                  {scenario.targets.map((target) => (
                    <div key={target} className="target-meaning">
                      <b>{target}</b>: {meaning(target) ?? "not known here"}.
                    </div>
                  ))}
                </Help>
              )}
            </Text>
            <ul className="targets" aria-labelledby={`targets-${scenario.id}`}>
              {scenario.targets.map((target) => (
                <li key={target}>{target}</li>
              ))}
            </ul>
          </div>
          <KeyValue
            rows={[
              {
                name: "Looks for",
                value: goal?.word ?? format.words(scenario.goal),
                help: `${goal?.text ?? format.words(scenario.goal)}, of each window of the history and net of all costs; steady beats lucky.`,
              },
              {
                name: "At most",
                value: `${format.number(scenario.minutes, { digits: 0 })} min, ${format.count(scenario.episodes)} episodes`,
                help: "It ends when either is used up, or when the search has converged. An episode tries a batch of candidates.",
              },
              {
                name: "Aggressiveness",
                value: <Boldness level={scenario.aggressiveness} />,
                help: `How far from the running parameters the first batch looks: it ${boldness[scenario.aggressiveness].text}.`,
              },
            ]}
          />
        </div>
        {found && <Reasons found={found} scenarios={scenarios} />}
      </div>
      {start && (
        <Button variant={found ? "filled" : "default"} leftSection={<Icon name="play" size={16} />} onClick={() => start(scenario)} aria-label={`Start ${scenario.title}`}>
          Start
        </Button>
      )}
    </article>
  );
}

/** Why a scenario is recommended: the rules in their order, the first that applies counts. */
function Reasons({ found, scenarios }: { found: Schema<"Recommendation">; scenarios: readonly Scenario[] }) {
  const title = (id: string) => scenarios.find((scenario) => scenario.id === id)?.title ?? id;
  const at = found.reasons.findIndex((reason) => reason.applies);
  const counts = at >= 0 ? found.reasons[at] : undefined;
  const passed = at >= 0 ? found.reasons.slice(0, at) : found.reasons;
  const further = at >= 0 ? found.reasons.slice(at + 1) : [];
  const isFallback = (sentence: string) => sentence.startsWith("where nothing");
  return (
    <div className="why-recommended">
      <Text fw={600} size="sm">
        Why this one
        <Help about="the recommendation">
          Five rules are looked at in a fixed order; the first that applies names the scenario. They measure the bars that the server trades on, with the
          parameters in force.
        </Help>
      </Text>
      <ul className="reasons">
        {passed.map((reason) => (
          <li key={reason.scenario}>
            <Icon name="cross" size={14} />
            <span>
              Not {title(reason.scenario)}: {reason.sentence}.
            </span>
          </li>
        ))}
        {counts && (
          <li data-applies>
            <Icon name="check" size={14} />
            <span>
              <b>{title(counts.scenario)}:</b> {isFallback(counts.sentence) ? "none of the rules before it applies" : counts.sentence}.
            </span>
          </li>
        )}
        {further
          .filter((reason) => !isFallback(reason.sentence))
          .map((reason) => (
            <li key={reason.scenario}>
              <Icon name="info" size={14} />
              <span>
                Not reached: {title(reason.scenario)}, {reason.sentence}.
              </span>
            </li>
          ))}
      </ul>
      <Text size="xs" c="dimmed" mt={6}>
        Measured <TimeText value={found.measured} />
        {found.parameter_version > 0 ? ` with version ${found.parameter_version} of the parameters` : " with the default parameters"}.
      </Text>
    </div>
  );
}
