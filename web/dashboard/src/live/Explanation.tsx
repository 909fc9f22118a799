import { Alert, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schema } from "../api";
import { Bps, format, Icon, KeyValue, NumberText, Percent, Price, StatusBadge } from "../ui";
import { Meter } from "./Meter";
import { because, denialOf, isTooDear, unitsOf } from "./words";

type Explained = Schema<"ExplainedDecision">;
type Fields = Record<string, unknown>;

interface Condition {
  name: string;
  value: number | null;
  comparison: string;
  bound: number | null;
  bound_name: string;
  holds: boolean;
}
interface Rule {
  rule: string;
  side: string;
  qualifies: boolean;
  conditions: Condition[];
}

const fields = (value: unknown): Fields | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
const figure = (value: unknown): number | null => (typeof value === "number" ? value : null);
const word = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** How each input is written, and what it is: docs/strategy.md. */
const inputs: Record<string, { name: string; as: "price" | "share" | "number" | "percentile"; help: string }> = {
  close: { name: "Close", as: "price", help: "Of the bar that the decision was taken on." },
  volatility: { name: "Volatility", as: "share", help: "Root mean square of the returns of one day's bars, for one bar." },
  volatility_percentile: { name: "Volatility percentile", as: "percentile", help: "Rank of the volatility among its own values of the year before, 0 to 100." },
  channel_high: { name: "Channel, upper", as: "price", help: "Highest price of the 20 bars before this one." },
  channel_low: { name: "Channel, lower", as: "price", help: "Lowest price of the 20 bars before this one." },
  mean: { name: "Mean", as: "price", help: "Of the newest 48 closes." },
  z_score: { name: "Z-score", as: "number", help: "Distance of the close from the mean, in standard deviations." },
  atr_share: { name: "ATR", as: "share", help: "Average true range of 14 bars, as a share of the close. Stops are multiples of it." },
  range: { name: "Range of the bar", as: "share", help: "Highest less lowest price, as a share of the close." },
  social_score: { name: "Social score", as: "number", help: "From −1, bad mood, to 1, good mood." },
  social_fresh: { name: "News on this bar", as: "number", help: "Whether something new was published." },
  regime: { name: "Market regime", as: "number", help: "Bull, bear, sideways or volatile: parameters may differ by it." },
  ready: { name: "All inputs known", as: "number", help: "False near the beginning of the bars and behind a gap." },
};

const bounds: Record<string, string> = {
  channel_high: "upper channel",
  channel_low: "lower channel",
  stretch: "stretch",
  "-stretch": "stretch, below",
};
const signs: Record<string, string> = { ">=": "≥", "<=": "≤", ">": ">", "<": "<", is: "is" };

function written(name: string, value: unknown): ReactNode {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "string") return inputs[name] ? format.words(value) : value;
  if (value === null || value === undefined) return format.MISSING;
  if (typeof value !== "number") return <span className="code">{JSON.stringify(value)}</span>;
  switch (inputs[name]?.as) {
    case "price":
      return <Price value={value} />;
    case "share":
      return <Percent value={value} digits={3} />;
    default:
      return <NumberText value={value} digits={Number.isInteger(value) ? 0 : 2} />;
  }
}

/** Why a decision is what it is: the plan, the rules or votes, the inputs, the parameters. */
export function Explanation({ decision }: { decision: Explained }) {
  const why = decision.explanation as Fields;
  const rules = Array.isArray(why["rules"]) ? (why["rules"] as Rule[]) : [];
  const seen = fields(why["inputs"]);
  const parameters = fields(why["parameters"]);
  const known = new Set(
    "time symbol action reason text rule side confidence risk stop_loss take_profit cost_bps held inputs stretch rules parameters".split(" "),
  );
  const others = Object.entries(why).filter(([name]) => !known.has(name));
  const isEmpty = Object.keys(why).length === 0;

  return (
    <Stack gap="md">
      <Text fw={600}>{because(decision.summary)}.</Text>
      {decision.denial !== "none" && (
        <Alert color="red" variant="light" icon={<Icon name="shield" />} title={`Refused by the risk engine: ${denialOf(decision.denial).title}`}>
          {denialOf(decision.denial).text} <span className="code">{decision.denial}</span>
        </Alert>
      )}
      {isTooDear(decision.summary) && (
        <Alert color="yellow" variant="light" icon={<Icon name="warning" />} title="The costs are too high for this trade">
          Where a round trip is expected to cost more than the parameter costCapBps no rule trades. A venue with lower costs (the section
          costs of the configuration) or a higher cap (Parameters) changes it.
        </Alert>
      )}
      {isEmpty && <Text c="dimmed">The strategy gave no reasons for this decision.</Text>}
      <Plan decision={decision} why={why} />
      {rules.length > 0 && (
        <section>
          <Title order={3} size="h5" mb="xs">
            Rules
          </Title>
          <Text size="sm" c="dimmed" mb="xs">
            Asked in this order; the first whose conditions all hold trades.
          </Text>
          <Stack gap="xs">
            {rules.map((rule) => (
              <RuleCard key={rule.rule} rule={rule} chosen={why["rule"] === rule.rule} />
            ))}
          </Stack>
        </section>
      )}
      {others.map(([name, value]) => (
        <Other key={name} name={name} value={value} />
      ))}
      {seen && (
        <section>
          <Title order={3} size="h5" mb="xs">
            Inputs
          </Title>
          <KeyValue
            rows={Object.entries(seen).map(([name, value]) => ({
              name: inputs[name]?.name ?? format.words(name),
              value: written(name, value),
              help: inputs[name]?.help,
            }))}
          />
        </section>
      )}
      {parameters && (
        <details className="more">
          <summary>Parameters it was taken by</summary>
          <KeyValue
            rows={Object.entries(parameters).map(([name, value]) => ({
              name,
              value: <NumberText value={figure(value)} digits={2} />,
            }))}
          />
        </details>
      )}
    </Stack>
  );
}

/** What was wanted: risk, exits, costs, confidence; and what is held already. */
function Plan({ decision, why }: { decision: Explained; why: Fields }) {
  const { base } = unitsOf(decision.symbol);
  const held = fields(why["held"]);
  const side = word(why["side"]);
  const risk = figure(why["risk"]);
  const stop = figure(why["stop_loss"]);
  const target = figure(why["take_profit"]);
  const cost = figure(why["cost_bps"]);
  const cap = figure(fields(why["parameters"])?.["costCapBps"]);
  const confidence = figure(why["confidence"]);
  const way = side === "short" ? -1 : 1;
  const close = decision.bar.close;
  const enters = decision.action === "enter" || decision.denial !== "none";
  const rows: { name: string; value: ReactNode; help?: ReactNode }[] = [];
  if (held) rows.push({ name: "Held", value: `${format.words(word(held["side"]) ?? "")} ${base}, entered by ${word(held["rule"]) ?? "an unknown rule"}` });
  if (enters && risk) rows.push({ name: "At risk", value: <><Percent value={risk} /> of the equity</>, help: "Lost where the stop is hit at its price, before costs." });
  if (enters && stop) rows.push({ name: "Stop loss", value: <><Percent value={stop} /> away, near <Price value={close * (1 - way * stop)} /></>, help: "Measured from the price of the fill, which is not known yet; near: from the close." });
  if (enters && target) rows.push({ name: "Take profit", value: <><Percent value={target} /> away, near <Price value={close * (1 + way * target)} /></> });
  if (cost !== null) {
    rows.push({
      name: "Round trip",
      value: (
        <span className="holds" data-holds={cap === null || cost <= cap}>
          {cap !== null && <Icon name={cost <= cap ? "check" : "cross"} size={14} />}
          <span>
            <Bps value={cost} />
            {cap !== null && (
              <>
                {cost <= cap ? " within " : " above "}
                <Bps value={cap} />
              </>
            )}
          </span>
        </span>
      ),
      help: "Expected cost of entry and exit: twice the fee, half the spread and the slippage. Above costCapBps nothing is traded.",
    });
  }
  if (rows.length === 0 && confidence === null) return null;
  return (
    <section>
      {rows.length > 0 && <KeyValue rows={rows} />}
      {confidence !== null && (confidence > 0 || side !== null) && (
        <Meter
          name="Confidence"
          value={confidence}
          limit={1}
          text={<NumberText value={confidence} digits={2} />}
          neutral
          help="0 where the conditions are just met, 1 at most: the mean of how far each is exceeded. It is not a probability of gain."
        />
      )}
    </section>
  );
}

function RuleCard({ rule, chosen }: { rule: Rule; chosen: boolean }) {
  const met = rule.conditions.filter((condition) => condition.holds).length;
  return (
    <div className="rule-card" data-chosen={chosen || undefined}>
      <div className="rule-head">
        <Text fw={600} size="sm">
          {format.words(rule.rule)}, {rule.side}
        </Text>
        <StatusBadge
          state={rule.qualifies ? "qualifies" : `${met} of ${rule.conditions.length} met`}
          tone={rule.qualifies ? "good" : "neutral"}
          icon={rule.qualifies ? "check" : "cross"}
          size="sm"
        />
      </div>
      <ul className="conditions">
        {rule.conditions.map((condition) => (
          <li key={condition.name} className="holds" data-holds={condition.holds}>
            <Icon name={condition.holds ? "check" : "cross"} size={14} />
            <span className="visually-hidden">{condition.holds ? "Holds: " : "Does not hold: "}</span>
            <ConditionText condition={condition} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function ConditionText({ condition }: { condition: Condition }) {
  if (condition.name === "social_fresh") return <span>{condition.holds ? "Something new was published on this bar" : "Nothing new was published on this bar"}</span>;
  const as = inputs[condition.name]?.as;
  const show = (value: number | null) => (as === "price" ? <Price value={value} /> : <NumberText value={value} digits={2} />);
  return (
    <span>
      {inputs[condition.name]?.name ?? format.words(condition.name)} {show(condition.value)} {condition.holds ? "is" : "is not"}{" "}
      {signs[condition.comparison] ?? condition.comparison} {show(condition.bound)}{" "}
      <span className="dimmed">({bounds[condition.bound_name] ?? condition.bound_name})</span>
    </span>
  );
}

/** What another strategy than the rules says: votes as a table, objects as names and values. */
function Other({ name, value }: { name: string; value: unknown }) {
  const rows = Array.isArray(value) ? value.map(fields).filter((row) => row !== null) : [];
  if (rows.length > 0 && rows.length === (value as unknown[]).length) {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return (
      <section>
        <Title order={3} size="h5" mb="xs">
          {format.words(name)}
        </Title>
        <div className="table-scroll" role="region" aria-label={format.words(name)} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column} scope="col" data-align={rows.some((row) => typeof row[column] === "number") ? "right" : undefined}>
                    {format.words(column)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, at) => (
                <tr key={at}>
                  {columns.map((column) => (
                    <td key={column} data-align={typeof row[column] === "number" ? "right" : undefined}>
                      {written(column, row[column])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    );
  }
  const inner = fields(value);
  return (
    <section>
      <KeyValue
        rows={
          inner
            ? Object.entries(inner).map(([key, held]) => ({ name: `${format.words(name)}: ${format.words(key).toLowerCase()}`, value: written(key, held) }))
            : [{ name: format.words(name), value: written(name, value) }]
        }
      />
    </section>
  );
}

