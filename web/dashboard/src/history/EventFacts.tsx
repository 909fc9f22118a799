import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "react-router";
import { useApi, type Schema } from "../api";
import { format, KeyValue, Money, NumberText, PagedTable, Price, Read, StatusBadge, TimeText, type Tone } from "../ui";

type Json = Record<string, unknown>;
const objects = (value: unknown): Json[] =>
  Array.isArray(value) ? value.filter((item): item is Json => typeof item === "object" && item !== null && !Array.isArray(item)) : [];
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** What the body of a known kind says, as numbers and tables; the whole body stands below it. */
export function EventFacts({ event }: { event: Schema<"Event"> }) {
  switch (event.kind) {
    case "live.step":
      return <Step body={event.body} />;
    case "gate.decision":
      return <Decision body={event.body} />;
    case "parameters.version":
      return <Version body={event.body} />;
    case "training.queued":
    case "training.started":
    case "training.stop_requested":
    case "training.ended":
      return <SessionLink id={text((event.body as Json).id)} />;
    case "session.started":
    case "session.finished":
      return <SessionLink id={text((event.body as Json).session)} />;
    default:
      return null;
  }
}

function SessionLink({ id }: { id: string }) {
  return id === "" ? null : (
    <Text size="sm">
      <Anchor component={Link} size="sm" underline="always" to={`/history/sessions/${encodeURIComponent(id)}`}>Session {id}</Anchor>
    </Text>
  );
}

function Step({ body }: { body: Json }) {
  const fills = objects(body.fills);
  const orders = objects(body.orders);
  const denials = objects(body.denials);
  return (
    <Stack gap="sm">
      <KeyValue
        rows={[
          { name: "Bar closed", value: <TimeText value={number(body.now)} /> },
          { name: "Equity", value: <Money value={number(body.equity)} /> },
          { name: "Parameters", value: number(body.parameter_version) === null ? format.MISSING : `version ${number(body.parameter_version)}` },
          { name: "Session", value: text(body.session) || format.MISSING },
        ]}
      />
      {fills.length > 0 && (
        <PagedTable
          label="Fills"
          rows={fills}
          keyOf={(fill) => fills.indexOf(fill)}
          columns={[
            { title: "Fill", cell: (fill) => format.words(text(fill.reason) || "fill"), heading: true },
            { title: "Symbol", cell: (fill) => text(fill.symbol) },
            { title: "Units", cell: (fill) => <NumberText value={number(fill.units)} digits={6} sign />, align: "right" },
            { title: "Price", cell: (fill) => <Price value={number(fill.price)} />, align: "right" },
            { title: "Fee", cell: (fill) => <Money value={number(fill.fee)} />, align: "right" },
          ]}
        />
      )}
      {orders.length > 0 && (
        <PagedTable
          label="New orders"
          rows={orders}
          keyOf={(order) => orders.indexOf(order)}
          columns={[
            {
              title: "New order",
              cell: (order) => `${format.words(text(object(order.decision).kind) || "order")} ${text(object(order.decision).side)}`,
              heading: true,
            },
            { title: "Symbol", cell: (order) => text(order.symbol) },
            { title: "Units", cell: (order) => <NumberText value={number(order.units)} digits={6} />, align: "right" },
            { title: "Price then", cell: (order) => <Price value={number(order.reference_price)} />, align: "right" },
          ]}
        />
      )}
      {denials.length > 0 && (
        <PagedTable
          label="Denied orders"
          rows={denials}
          keyOf={(denial) => denials.indexOf(denial)}
          columns={[
            { title: "Denied order", cell: (denial) => text(denial.order_id), heading: true },
            { title: "By the limit", cell: (denial) => format.words(text(denial.code)) },
          ]}
        />
      )}
    </Stack>
  );
}

const tones: Record<string, Tone> = { passed: "good", failed: "bad", lacking: "warn", reported: "neutral" };

function Decision({ body }: { body: Json }) {
  const report = object(body.report);
  const checks = objects(report.checks);
  return (
    <Stack gap="sm">
      <KeyValue
        rows={[
          { name: "Scenario", value: format.words(text(body.scenario)) || format.MISSING },
          { name: "Judged on", value: `${text(report.first_day)} to ${text(report.last_day)}` },
          {
            name: "Candidates looked at",
            value: format.count(number(report.candidates)),
            help: "The more candidates a search looks at, the stronger the proof has to be.",
          },
        ]}
      />
      <PagedTable
        label="Checks of the gate"
        rows={checks}
        keyOf={(check) => checks.indexOf(check)}
        columns={[
          {
            title: "Check",
            heading: true,
            cell: (check) => <span className="wraps">{text(check.title)}</span>,
          },
          { title: "Outcome", cell: (check) => <StatusBadge state={text(check.outcome)} tone={Object.hasOwn(tones, text(check.outcome)) ? tones[text(check.outcome)]! : "neutral"} size="sm" /> },
          { title: "In words", cell: (check) => <span className="prose">{text(check.sentence)}</span> },
        ]}
      />
    </Stack>
  );
}

function Version({ body }: { body: Json }) {
  const version = number(body.number) ?? 1;
  const parent = number(body.parent) ?? 0;
  const query = useApi("/api/parameters/diff", { query: { from: parent, to: version } }, { enabled: parent > 0 });
  return (
    <Stack gap="xs">
      {parent > 0 && (
        <Read query={query}>
          {({ differences }) => (
            <PagedTable
              label={`What version ${version} changed`}
              rows={differences}
              keyOf={(change) => `${change.layer} ${change.name}`}
              columns={[
                { title: "Parameter", cell: (change) => change.name, heading: true },
                { title: "Where", cell: (change) => change.layer },
                { title: `Version ${parent}`, cell: (change) => <span className="digits">{change.from ?? "not set"}</span>, align: "right" },
                { title: `Version ${version}`, cell: (change) => <span className="digits">{change.to ?? "not set"}</span>, align: "right" },
              ]}
              empty={
                <Text size="sm" c="dimmed">
                  No value differs from version {parent}.
                </Text>
              }
            />
          )}
        </Read>
      )}
      <Text size="sm">
        <Anchor component={Link} size="sm" underline="always" to="/parameters/history">History of the parameters</Anchor>
      </Text>
    </Stack>
  );
}
