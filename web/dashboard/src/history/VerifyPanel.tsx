import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, useApi, useCan, type Schema } from "../api";
import { Count, Duration, Fault, Icon, KeyValue, PagedTable, Panel, Read, TimeText } from "../ui";

/** docs/ledger.md, "What verify says". */
export const faultMeanings: Record<string, string> = {
  changed: "Time, kind, author or body of this event is not what was written.",
  hash_changed: "Only the hash of the event was changed.",
  link_changed: "Only the hash of the event before was changed.",
  replaced: "The event agrees with its own hash, but the next one follows on another.",
  reordered: "The row is an event of this log that was written with another number.",
  missing: "Rows were removed; the numbers have a gap.",
  bad_row: "A row with a number below 1.",
  truncated: "The log ends before the signed head does.",
  history_replaced: "The log holds together, but it is not the one that was signed.",
  guard_missing: "A trigger that refuses changes was removed, switched off or altered.",
  damaged: "The database's own check of its file fails, or rows cannot be read.",
  no_head: "The file of the signed head is missing.",
  no_key: "The file of the key is missing.",
  bad_head: "The file of the signed head is not what it should be.",
  bad_key: "The file of the key is not what it should be, or others may read it.",
  bad_signature: "The signed head was changed or forged.",
  key_differs: "The head is signed with another key, or private and public key are no pair.",
};

function inWords(found: Schema<"Verification">): string {
  const events = found.events === 1 ? "1 event was" : `${found.events.toLocaleString("en-US")} events were`;
  const head =
    found.head_sequence === null
      ? "There is no usable signed head."
      : found.head_sequence < found.events
        ? `The signature of the head is good; it covers the first ${found.head_sequence.toLocaleString("en-US")}, and the next event signs the rest.`
        : "The signature of the head is good and covers all of them.";
  return `${events} read, every hash computed anew and every link followed. ${found.clean || found.head_sequence === null ? head : ""}`;
}

export function VerifyPanel() {
  const canVerify = useCan("operator");
  const head = useApi("/api/ledger/head", {}, { refetchInterval: 10_000 });
  const verify = useMutation({
    mutationFn: async () => {
      const begun = performance.now();
      const found = await api.get("/api/ledger/verify");
      return { found, took: performance.now() - begun, at: Date.now() };
    },
  });
  const found = verify.data?.found;
  return (
    <Panel
      title="The chain"
      aside={
        canVerify && (
          <Button leftSection={<Icon name="shield" />} loading={verify.isPending} onClick={() => verify.mutate()} size="compact-md">
            Verify the chain
          </Button>
        )
      }
    >
      <Stack gap="sm">
        <Read query={head}>
          {(state) => (
            <KeyValue
              rows={[
                { name: "Events", value: <Count value={state.events} /> },
                {
                  name: "Merkle root",
                  value: <span className="code hash">{state.root}</span>,
                  help: "One hash over the whole log. Keep it elsewhere from time to time: with it a log that was rewritten as a whole can be told.",
                },
              ]}
            />
          )}
        </Read>
        {!canVerify && (
          <Text size="sm" c="dimmed">
            Operators verify the whole chain here. You can prove single events: open one.
          </Text>
        )}
        {verify.isPending && (
          <Text size="sm" role="status">
            The server reads the whole log: seconds for a million events.
          </Text>
        )}
        {verify.error && !verify.isPending && <Fault error={verify.error} retry={() => verify.mutate()} />}
        {found && verify.data && !verify.isPending && (
          <Stack gap="sm" role="status">
            <Alert
              color={found.clean ? "green" : "red"}
              variant="light"
              icon={<Icon name={found.clean ? "check" : "warning"} />}
              title={
                found.clean
                  ? "Nothing was changed"
                  : `The ledger was tampered with, or is damaged: ${found.faults.length === 1 ? "1 fault" : `${found.faults.length} faults`}`
              }
            >
              <Text size="sm">{inWords(found)}</Text>
              <Text size="sm">
                Root <span className="code hash">{found.root}</span>
              </Text>
              <Group gap={4}>
                <Text size="sm" c="dimmed">
                  Verified by the server at <TimeText value={verify.data.at} /> in <Duration ms={verify.data.took} />
                </Text>
              </Group>
            </Alert>
            {found.faults.length > 0 && (
              <>
                <PagedTable
                  label="What is broken"
                  rows={found.faults}
                  keyOf={(fault) => `${fault.code} ${fault.sequence ?? ""} ${fault.message}`}
                  columns={[
                    { title: "Fault", cell: (fault) => fault.code, heading: true },
                    {
                      title: "Where",
                      cell: (fault) =>
                        fault.sequence === null ? "the ledger as a whole" : <Anchor component={Link} size="sm" underline="always" to={`/history/${fault.sequence}`}>event {fault.sequence}</Anchor>,
                    },
                    { title: "What was found", cell: (fault) => <span className="prose">{fault.message}</span> },
                    { title: "What it means", cell: (fault) => <span className="prose">{Object.hasOwn(faultMeanings, fault.code) ? faultMeanings[fault.code] : ""}</span> },
                  ]}
                />
                <Text size="sm">
                  Stop trading if you do not know the cause, keep a copy of the database and of its head, and compare with a backup. At most 100
                  faults are listed.
                </Text>
              </>
            )}
          </Stack>
        )}
      </Stack>
    </Panel>
  );
}
