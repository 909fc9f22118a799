import { Collapse, Group, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { useId, useState } from "react";
import { format, Help, Icon, KeyValue, StatusBadge } from "../ui";
import { figureText, holds, marginText, outcomeLook, parts, relations, tally, verdictLook, type Check, type GateVerdict } from "./gate";
import "./gate.css";

/** Where a gate is explained. */
export function GateHelp() {
  return (
    <Help about="the gate">
      Nothing that a search proposes trades unless the gate approves it. It replays what runs and what is proposed over days that the search never saw, and
      asks whether the proposal is better beyond luck, not riskier, and still ahead at doubled costs. One failed check rejects it.
    </Help>
  );
}

/** The verdict in a badge and how many checks came to what. */
export function VerdictLine({ gate }: { gate: GateVerdict }) {
  const count = tally(gate);
  const look = verdictLook(gate.verdict);
  return (
    <Group gap="sm">
      <StatusBadge state={look.word} tone={look.tone} size="lg" />
      <Text size="sm">
        {count.passed} of {count.of} checks passed
        {count.failed > 0 && `, ${count.failed} failed`}
        {count.lacking > 0 && `, ${count.lacking} had too little data`}
      </Text>
    </Group>
  );
}

/** The verdict of the gate with every check in words and numbers. */
export function GateReport({ gate }: { gate: GateVerdict }) {
  const order = [1, 2, 3, 4, 0];
  const further = [...new Set(gate.checks.map((check) => check.part))].filter((part) => !order.includes(part));
  return (
    <Stack gap="lg">
      <div className="verdict" data-tone={verdictLook(gate.verdict).tone}>
        <VerdictLine gate={gate} />
        <Text size="sm" mt={6}>
          {gate.summary}
        </Text>
        {gate.days !== null && (
          <Text size="sm" c="dimmed" mt={6}>
            Judged on {format.count(gate.days)} days that the search never saw, {gate.first_day} to {gate.last_day}
            {gate.candidates !== null && `, as the best of ${format.count(gate.candidates)} candidates`}.
          </Text>
        )}
      </div>
      {[...order, ...further].map((part) => {
        const checks = gate.checks.filter((check) => check.part === part);
        if (checks.length === 0) return null;
        const title = parts[part] ?? "Further checks";
        return (
          <section key={part} aria-label={title}>
            <Title order={3} size="h5" mb="xs">
              {part > 0 && `${part}. `}
              {title}
            </Title>
            <div className="checks">
              {checks.map((check) => (
                <CheckCard key={check.key} check={check} />
              ))}
            </div>
          </section>
        );
      })}
    </Stack>
  );
}

function CheckCard({ check }: { check: Check }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const look = outcomeLook(check.outcome);
  const { interval, figures } = check;
  return (
    <article className="check" data-tone={look.tone} aria-label={check.title}>
      <Group justify="space-between" align="flex-start" gap="xs" wrap="nowrap">
        <Text fw={600} size="sm">
          {check.title}
        </Text>
        <StatusBadge state={look.word} tone={look.tone} />
      </Group>
      <Text size="sm" mt={4}>
        {check.sentence}
      </Text>
      <Compared check={check} />
      {interval && interval.low !== null && (
        <div className="interval">
          <span>
            {interval.name}, interval
            <Help about="this interval">
              In points of the annual Sharpe ratio, corrected for every candidate that was looked at
              {interval.high === null && "; one-sided: there is no upper end"}. Where it begins below 0 the proposal may just as well be no better than what
              runs.
            </Help>
          </span>
          <b className="digits">
            {interval.high === null ? `${figureText(interval.low, "ratio")} or more` : `${figureText(interval.low, "ratio")} to ${figureText(interval.high, "ratio")}`}
            {interval.level !== null && <span className="why">{format.percent(interval.level)} confidence</span>}
          </b>
        </div>
      )}
      {figures.length > 0 && (
        <>
          <UnstyledButton className="more" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
            <Icon name={isOpen ? "up" : "down"} size={14} />
            {isOpen ? "Hide the figures" : figures.length === 1 ? "Its figure" : `All ${figures.length} figures`}
            <span className="visually-hidden"> of: {check.title}</span>
          </UnstyledButton>
          <Collapse expanded={isOpen} id={id}>
            <div className="check-figures">
              <KeyValue
                rows={figures.map((figure) => ({
                  name: figure.name,
                  value: (
                    <>
                      <span className="digits">{figureText(figure.value, figure.unit)}</span>
                      {figure.value === null && figure.reason && <span className="why">{figure.reason}</span>}
                    </>
                  ),
                }))}
              />
            </div>
          </Collapse>
        </>
      )}
    </article>
  );
}

/** Measured against needed, in numbers and as a mark on a line whose good side is filled. */
function Compared({ check }: { check: Check }) {
  const { measured, needed } = check;
  if (!measured) return null;
  const both = needed !== null && measured.value !== null && needed.value !== null;
  return (
    <div className="compared">
      <dl>
        <div>
          <dt>{measured.name}</dt>
          <dd className="digits">{figureText(measured.value, measured.unit)}</dd>
        </div>
        {needed && (
          <div>
            <dt>Needed: {needed.key === "sharpe_running" ? "more than what runs" : relations[needed.relation]}</dt>
            <dd className="digits">{figureText(needed.value, needed.unit)}</dd>
          </div>
        )}
      </dl>
      {both && <Scale measured={measured.value!} needed={needed.value!} isLowGood={needed.relation === "at_most"} isHeld={holds(check)} />}
      {needed && (
        <Text size="xs" c="dimmed">
          {marginText(check) ?? sentenceOf(measured.reason ?? needed.reason)}
        </Text>
      )}
    </div>
  );
}

function sentenceOf(reason: string | null): string {
  return reason ? `Nothing to compare: ${reason}.` : "Nothing to compare.";
}

function Scale({ measured, needed, isLowGood, isHeld }: { measured: number; needed: number; isLowGood: boolean; isHeld: boolean }) {
  const low = Math.min(measured, needed);
  const high = Math.max(measured, needed);
  const room = (high - low) * 0.4 || Math.abs(high) * 0.2 || 1;
  const at = (value: number) => `${(100 * (value - low + room)) / (high - low + 2 * room)}%`;
  return (
    <div className="scale" aria-hidden="true">
      <span className="scale-good" style={isLowGood ? { left: 0, width: at(needed) } : { left: at(needed), right: 0 }} />
      <span className="scale-limit" style={{ left: at(needed) }} />
      <span className="scale-mark" data-holds={isHeld} style={{ left: at(measured) }} />
    </div>
  );
}
