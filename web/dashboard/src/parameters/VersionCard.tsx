import { Anchor, Button, Collapse, Group, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { useId, useState } from "react";
import { Link } from "react-router";
import { figureOf, figureText, type GateVerdict } from "../training/gate";
import { GateReport, VerdictLine } from "../training/GateReport";
import { format, Icon, StatusBadge, TimeText } from "../ui";
import { changeLook } from "./changes";
import { ChangeTable } from "./ChangeTable";
import { ExportButton } from "./Files";
import type { Version } from "./values";

/** One version on the timeline: who, when, why, what it changed and what it rests on. */
export function VersionCard({ version, inForce, onRollBack, isMarked }: { version: Version; inForce: boolean; onRollBack?: () => void; isMarked: boolean }) {
  const look = changeLook(version.change);
  const changed = version.changed ?? [];
  return (
    <li className="version" id={`version-${version.version}`} data-marked={isMarked || undefined}>
      <span className="version-dot" data-tone={look.tone}>
        <Icon name={look.icon} size={15} />
      </span>
      <article className="version-card" aria-label={`Version ${version.version}`}>
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <Title order={3} size="h5">
              Version {version.version}
            </Title>
            <StatusBadge state={look.word} tone={look.tone} icon={look.icon} />
            {inForce && <StatusBadge state="In force" tone="good" />}
          </Group>
          <Text size="sm" c="dimmed">
            <TimeText value={version.time} />
          </Text>
        </Group>
        <Text size="sm" mt={6}>
          <b>{version.author.name}</b>
          <Text span c="dimmed">
            {" "}
            ({version.author.kind}):
          </Text>{" "}
          {version.reason}
        </Text>
        {version.version > 1 && (
          <div className="version-changes">
            <ChangeTable label={`What version ${version.version} changed`} changes={changed} empty={<Text size="sm" c="dimmed">It has the same values as the version before.</Text>} />
          </div>
        )}
        <Proof version={version} />
        <Group gap="xs" mt="sm">
          {!inForce && (
            <Button component={Link} to={`/parameters/compare?from=${version.version}`} variant="default" size="compact-sm" leftSection={<Icon name="performance" size={14} />}>
              Compare with what runs
            </Button>
          )}
          {version.parent > 0 && (
            <Button component={Link} to={`/parameters/compare?from=${version.parent}&to=${version.version}`} variant="default" size="compact-sm" leftSection={<Icon name="left" size={14} />}>
              Compare with version {version.parent}
            </Button>
          )}
          {onRollBack && (
            <Button variant="default" size="compact-sm" leftSection={<Icon name="back" size={14} />} onClick={onRollBack} aria-label={`Roll back to version ${version.version}`}>
              Roll back
            </Button>
          )}
          <ExportButton version={version.version} size="compact-sm" />
        </Group>
      </article>
    </li>
  );
}

/** What a version rests on: the sentence, the gate's decision with its figures, and links to where it is on record. */
function Proof({ version }: { version: Version }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const { proof } = version;
  return (
    <Stack gap={6} className="proof">
      <Text size="sm">
        {proof.sentence}
        {proof.file && ` (${proof.file})`}
      </Text>
      {proof.gate && <GateFigures gate={proof.gate} />}
      <Group gap="md">
        {proof.session && (
          <Anchor component={Link} to={`/training/${proof.session}`} size="sm">
            Session {proof.session}
          </Anchor>
        )}
        {proof.decision !== null && (
          <Anchor component={Link} to={`/history/${proof.decision}`} size="sm">
            Decision of the gate (event {proof.decision})
          </Anchor>
        )}
        {proof.of_version !== null && (
          <Anchor component={Link} to={`/parameters/history#version-${proof.of_version}`} size="sm">
            Version {proof.of_version}
          </Anchor>
        )}
        <Anchor component={Link} to={`/history/${version.event}`} size="sm">
          Ledger event {version.event}
        </Anchor>
        <Text size="xs" c="dimmed" className="code" title={`SHA-256 of the content: ${version.hash}`}>
          content {version.hash.slice(0, 12)}
        </Text>
      </Group>
      {proof.gate && (
        <>
          <UnstyledButton className="more" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
            <Icon name={isOpen ? "up" : "down"} size={14} />
            {isOpen ? "Hide the checks" : "Every check of the gate"}
            <span className="visually-hidden"> for version {version.version}</span>
          </UnstyledButton>
          <Collapse expanded={isOpen} id={id}>
            {isOpen && <GateReport gate={proof.gate} />}
          </Collapse>
        </>
      )}
    </Stack>
  );
}

/** The figures of a decision that say most: Sharpe ratio before and after, and how sure it is. */
export function GateFigures({ gate }: { gate: GateVerdict }) {
  const running = figureOf(gate, "improvement", "sharpe_running");
  const proposed = figureOf(gate, "improvement", "sharpe_proposed");
  const sure = figureOf(gate, "probability", "confidence");
  const needed = figureOf(gate, "probability", "confidence_needed");
  return (
    <>
      <VerdictLine gate={gate} />
      <Text size="sm" c="dimmed">
        Sharpe ratio {running?.value === null || !running ? "of nothing held" : figureText(running.value, "ratio")} → {figureText(proposed?.value, "ratio")}
        {sure && sure.value !== null && `, better with ${figureText(sure.value, "probability")} confidence`}
        {needed && needed.value !== null && ` (${figureText(needed.value, "probability")} needed)`}
        {gate.days !== null && `, on ${format.count(gate.days)} unseen days`}
        {gate.candidates !== null && `, best of ${format.count(gate.candidates)}`}.
      </Text>
    </>
  );
}
