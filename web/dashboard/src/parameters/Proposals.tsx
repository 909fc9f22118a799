import { Anchor, Button, Collapse, Group, Stack, Text, Title } from "@mantine/core";
import { useId, useState } from "react";
import { Link } from "react-router";
import { useApi, useCan, useList } from "../api";
import { GateHelp, GateReport } from "../training/GateReport";
import { Empty, format, Icon, Panel, Read, StatusBadge, TimeText } from "../ui";
import { ChangeTable } from "./ChangeTable";
import { OverrideButton, type Proposal } from "./Override";
import { differencesOf, type Layers } from "./values";
import { GateFigures } from "./VersionCard";

/** What searches proposed and what the gate said, newest first. */
export function Proposals() {
  const mayOverride = useCan("admin");
  const list = useList("/api/parameters/proposals", { query: { limit: 10 } });
  const current = useApi("/api/parameters");
  return (
    <Panel
      title={
        <>
          What searches proposed
          <GateHelp />
        </>
      }
    >
      <Text size="sm" c="dimmed" mb="md">
        A proposal was compared with what ran then.{" "}
        {mayOverride
          ? "While that is still in force you can apply one that the gate did not approve, by name and on record."
          : "While that is still in force an administrator can apply one that the gate did not approve, by name and on record."}
      </Text>
      <Read
        query={list.query}
        what="Reading the proposals"
        isEmpty={() => list.items.length === 0}
        empty={
          <Empty title="No proposals yet" action={<Anchor component={Link} to="/training">To the scenarios</Anchor>}>
            Each search that finds something better than what runs puts it before the gate, and stands here with the verdict.
          </Empty>
        }
      >
        {() => (
          <Stack gap="md">
            {list.items.map((proposal) => (
              <ProposalCard key={proposal.decision} proposal={proposal} current={current.data?.layers} />
            ))}
            {list.hasMore && (
              <Group>
                <Button variant="default" size="compact-md" onClick={list.more} loading={list.isReadingMore} leftSection={<Icon name="down" size={16} />}>
                  Show older proposals
                </Button>
              </Group>
            )}
          </Stack>
        )}
      </Read>
    </Panel>
  );
}

function sessionOf(proposal: Proposal): string | null {
  const session = (proposal.report as { session?: { id?: unknown } }).session;
  return typeof session?.id === "string" ? session.id : null;
}

function ProposalCard({ proposal, current }: { proposal: Proposal; current: Layers | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const session = sessionOf(proposal);
  const changes = current ? differencesOf(current, proposal.proposed) : [];
  return (
    <article className="proposal" aria-label={`Proposal of decision ${proposal.decision}`}>
      <Group justify="space-between" gap="xs">
        <Title order={3} size="h5">
          {format.words(proposal.scenario)}
        </Title>
        <Text size="sm" c="dimmed">
          <TimeText value={proposal.time} />
        </Text>
      </Group>
      <Stack gap={6} mt={8}>
        {proposal.gate && <GateFigures gate={proposal.gate} />}
        {proposal.gate && <Text size="sm">{proposal.gate.summary}</Text>}
        <Group gap="md">
          <StatusBadge
            state={proposal.on_current ? "Judged against what runs" : "Judged against older parameters"}
            tone="neutral"
            icon={proposal.on_current ? "check" : "clock"}
          />
          {session && (
            <Anchor component={Link} to={`/training/${session}`} size="sm">
              Session
            </Anchor>
          )}
          <Anchor component={Link} to={`/history/${proposal.decision}`} size="sm">
            Ledger event {proposal.decision}
          </Anchor>
        </Group>
        {current && proposal.on_current && <ChangeTable label={`What decision ${proposal.decision} would change`} changes={changes} />}
      </Stack>
      <Group gap="xs" mt="sm">
        {proposal.gate && (
          <Button variant="default" size="compact-md" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)} leftSection={<Icon name={isOpen ? "up" : "down"} size={14} />}>
            {isOpen ? "Hide the checks" : "Every check"}
          </Button>
        )}
        <OverrideButton proposal={proposal} />
      </Group>
      {proposal.gate && (
        <Collapse expanded={isOpen} id={id}>
          <div className="proposal-report">{isOpen && <GateReport gate={proposal.gate} />}</div>
        </Collapse>
      )}
    </article>
  );
}
