import { Button, CopyButton, Drawer, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Link, useLocation } from "react-router";
import { useApi } from "../api";
import { Icon, KeyValue, Read, TimeText } from "../ui";
import { BodyTree } from "./BodyTree";
import { EventFacts } from "./EventFacts";
import { kindTitle } from "./kinds";
import { ProofPanel } from "./ProofPanel";
import { sentenceOf } from "./sentences";

export function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="drawer-part">
      <Group justify="space-between" mb="xs" gap="xs">
        <Title order={3} size="h5">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}

/** One event: what it says, its body, and the proof that it is in the log. */
export function EventDrawer({ number, onClose }: { number: number; onClose: () => void }) {
  const { search } = useLocation();
  const query = useApi("/api/ledger/events/{number}", { path: { number } }, { staleTime: Infinity });
  const head = useApi("/api/ledger/head");
  const [form, setForm] = useState("tree");
  const event = query.data;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      classNames={{ title: "drawer-title" }}
      size="min(46rem, 100%)"
      title={event ? `Event ${number}: ${kindTitle(event.kind)}` : `Event ${number}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Read query={query}>
        {(shown) => (
          <Stack gap="lg" key={shown.sequence}>
            <Text>{sentenceOf(shown) ?? "An event of a kind that this page does not know; its body stands below."}</Text>
            <KeyValue
              rows={[
                { name: "Time", value: <TimeText value={shown.time} />, help: "By the clock of whoever wrote it." },
                { name: "By", value: shown.author },
                { name: "Kind", value: <span className="code">{shown.kind}</span> },
                {
                  name: "Hash",
                  value: <span className="code hash">{shown.hash}</span>,
                  help: "SHA-256 over everything in this event and the hash of the event before.",
                },
                { name: "Hash before", value: <span className="code hash">{shown.previous_hash}</span> },
              ]}
            />
            <EventFacts event={shown} />
            <Part
              title="Body"
              aside={
                <Group gap="xs">
                  <CopyButton value={shown.raw_body}>
                    {({ copied, copy }) => (
                      <Button size="compact-sm" variant="subtle" onClick={copy} leftSection={<Icon name={copied ? "check" : "copy"} size={14} />}>
                        {copied ? "Copied" : "Copy"}
                      </Button>
                    )}
                  </CopyButton>
                  <SegmentedControl
                    size="xs"
                    aria-label="How the body is shown"
                    value={form}
                    onChange={setForm}
                    data={[
                      { value: "tree", label: "Tree" },
                      { value: "raw", label: "As written" },
                    ]}
                  />
                </Group>
              }
            >
              {form === "tree" ? (
                <BodyTree value={shown.body} />
              ) : (
                <pre className="raw" tabIndex={0} aria-label="Body as written">
                  {shown.raw_body}
                </pre>
              )}
            </Part>
            <Part title="Proof">
              <ProofPanel event={shown} />
            </Part>
          </Stack>
        )}
      </Read>
      <Group justify="space-between" mt="lg">
        {number > 1 ? (
          <Button component={Link} to={{ pathname: `/history/${number - 1}`, search }} variant="default" size="compact-md" leftSection={<Icon name="left" size={16} />}>
            Event {number - 1}
          </Button>
        ) : (
          <span />
        )}
        {head.data && number < head.data.events && (
          <Button component={Link} to={{ pathname: `/history/${number + 1}`, search }} variant="default" size="compact-md" rightSection={<Icon name="right" size={16} />}>
            Event {number + 1}
          </Button>
        )}
      </Group>
    </Drawer>
  );
}
