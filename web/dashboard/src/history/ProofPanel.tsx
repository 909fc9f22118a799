import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema } from "../api";
import { Count, Fault, Help, Icon } from "../ui";
import { canCheck, checkProof } from "./proof";

function Hash({ children }: { children: string }) {
  return <span className="code hash">{children}</span>;
}

/** Asks for the proof that an event is in the log and recomputes it here. */
export function ProofPanel({ event }: { event: Schema<"Event"> }) {
  const [size, setSize] = useState("");
  const [kept, setKept] = useState("");
  const proof = useMutation({
    mutationFn: async () => {
      const wanted = size.trim() === "" ? undefined : Number(size.trim());
      const place = { path: { number: event.sequence }, query: wanted === undefined ? {} : { size: wanted } };
      const given = await api.get("/api/ledger/proof/{number}", place);
      return { given, check: await checkProof(event, given), kept: kept.trim().toLowerCase() };
    },
  });
  const sizeFault =
    size.trim() !== "" && !(/^[0-9]{1,15}$/.test(size.trim()) && Number(size.trim()) >= event.sequence)
      ? `A whole number, ${event.sequence} at least: the event has to be among them.`
      : null;
  const keptFault = kept.trim() !== "" && !/^[0-9a-f]{64}$/i.test(kept.trim()) ? "A root has 64 of the characters 0 to 9 and a to f." : null;

  if (!canCheck()) {
    return (
      <Text size="sm" c="dimmed">
        This browser computes hashes only on pages that came over HTTPS or from this computer. Open the dashboard that way, or run stevie ledger
        prove {event.sequence}.
      </Text>
    );
  }
  const { given, check } = proof.data ?? {};
  const agrees = proof.data?.kept === "" || proof.data?.kept === check?.root;
  return (
    <Stack gap="sm">
      <Text size="sm">
        The server gives a path of hashes; this page computes them itself, from the bytes of the event up to the root of the whole log.
      </Text>
      <details>
        <summary>Compare with a root that you kept</summary>
        <Group mt="xs" gap="sm" align="flex-start" grow>
          <TextInput
            label="Events it covers"
            description="Empty: all that there are now"
            inputMode="numeric"
            value={size}
            onChange={(change) => setSize(change.currentTarget.value)}
            error={sizeFault}
          />
          <TextInput
            label="Root"
            description="As stevie ledger root printed it"
            className="code"
            value={kept}
            onChange={(change) => setKept(change.currentTarget.value)}
            error={keptFault}
          />
        </Group>
      </details>
      <Group>
        <Button
          leftSection={<Icon name="shield" />}
          variant="default"
          loading={proof.isPending}
          disabled={sizeFault !== null || keptFault !== null}
          onClick={() => proof.mutate()}
        >
          Prove that it is in the log
        </Button>
      </Group>
      {proof.error && <Fault error={proof.error} />}
      {check && given && (
        <Stack gap="sm" role="status">
          <Alert
            color={check.holds && agrees ? "green" : "red"}
            variant="light"
            icon={<Icon name={check.holds && agrees ? "check" : "warning"} />}
            title={check.holds && agrees ? "Proven: this event is in the log" : "Not proven"}
          >
            <Stack gap={4}>
              {check.holds && (
                <Text size="sm">
                  This page recomputed {check.steps.length + 1} hashes with SHA-256 of the browser and came to the root that the server tells for{" "}
                  <Count value={given.size} /> {given.size === 1 ? "event" : "events"}.
                </Text>
              )}
              {check.faults.map((fault) => (
                <Text size="sm" key={fault}>
                  {fault}
                </Text>
              ))}
              {check.holds && proof.data?.kept !== "" && (
                <Text size="sm">{agrees ? "It is the root that you kept." : "It is not the root that you kept: the log is another one than then."}</Text>
              )}
              {check.holds && proof.data?.kept === "" && (
                <Text size="sm">Whoever runs the server could tell another root: compare it with one that you kept elsewhere.</Text>
              )}
            </Stack>
          </Alert>
          <ol className="proof-steps">
            <li>
              <b>The event.</b> A zero byte and number, time, kind, author, body and the hash before it, {check.bytes} bytes, give{" "}
              <Hash>{check.eventHash}</Hash>
              <span className="proof-result" data-good={check.eventHash === event.hash}>
                <Icon name={check.eventHash === event.hash ? "check" : "cross"} size={14} />
                {check.eventHash === event.hash ? "the hash that the event carries" : "not the hash that the event carries"}
              </span>
            </li>
            {check.steps.map((step, at) => (
              <li key={step.node + String(at)}>
                <b>Level {at + 1}.</b> The other half of the tree stands at the {step.sibling}:{" "}
                <Hash>{step.sibling === "left" ? step.left : step.right}</Hash> Both together give <Hash>{step.node}</Hash>
              </li>
            ))}
            <li>
              <b>The root.</b> <Hash>{check.root}</Hash>
              <span className="proof-result" data-good={check.root === given.root}>
                <Icon name={check.root === given.root ? "check" : "cross"} size={14} />
                {check.root === given.root ? "the root that the server tells" : `the server tells ${given.root}`}
              </span>
            </li>
          </ol>
          <Text size="xs" c="dimmed">
            Merkle tree of RFC 6962
            <Help about="a Merkle tree">
              The log is a tree of hashes: each event is a leaf, and each node the hash of the two below it. Whoever changes one event changes the
              root. A path from a leaf to the root is enough to prove that the leaf is in it.
            </Help>
          </Text>
        </Stack>
      )}
    </Stack>
  );
}
