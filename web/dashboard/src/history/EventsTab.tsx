import { Button, Group, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { refresh, useList, useLiveTopic } from "../api";
import { Empty, format, Icon, PagedTable, Panel, Read, TimeText } from "../ui";
import { EventDrawer } from "./EventDrawer";
import { EventFilters } from "./EventFilters";
import { exportEvents, save, type FileFormat } from "./exporting";
import { ExportMenu } from "./ExportMenu";
import { addressOf, filtersOf, mayBelong, noFilters, queryOf, type Filters } from "./filters";
import { kindTitle } from "./kinds";
import { briefOf } from "./sentences";
import { VerifyPanel } from "./VerifyPanel";

const PAGE = 50;

export function EventsTab() {
  const [address, setAddress] = useSearchParams();
  const navigate = useNavigate();
  const number = Number(useParams().number ?? 0);
  const client = useQueryClient();
  const key = address.toString();
  const filters = useMemo(() => filtersOf(new URLSearchParams(key)), [key]);
  // "Last hour" counts from when it was chosen or asked for anew: a list that is read further must not move.
  const [asked, setAsked] = useState({ filters, now: Date.now() });
  if (asked.filters !== filters) setAsked({ filters, now: Date.now() });
  const query = useMemo(() => queryOf(filters, asked.now), [filters, asked.now]);
  const events = useList("/api/ledger/events", { query: { limit: PAGE, ...query } });
  const [fresh, setFresh] = useState(0);

  const readAnew = () => {
    setFresh(0);
    refresh(client, ["/api/ledger/events", "/api/ledger/head"]);
  };
  // One page is read anew by itself; whoever reads further down is asked.
  useLiveTopic("ledger", (event) => {
    const told = { kind: String(event.data.kind ?? event.kind), author: String(event.data.author ?? "") };
    if (!mayBelong(filters, told, Date.now())) return;
    if (events.items.length <= PAGE && number === 0 && !filters.text) readAnew();
    else setFresh((count) => count + 1);
  });

  const onFilters = (changed: Filters) => {
    setFresh(0);
    setAddress(addressOf(changed), { replace: true });
  };
  const isFiltered = Object.keys(addressOf(filters)).length > 0;
  return (
    <Stack gap="md">
      <VerifyPanel />
      <Panel
        title="Events"
        aside={
          <ExportMenu
            label="Export this list"
            formats={[
              { value: "csv", title: "CSV", text: "For spreadsheets; the body in one column" },
              { value: "jsonl", title: "JSON", text: "One object a line, bodies as written" },
            ]}
            onExport={async (chosen, say, signal) => {
              const parts = await exportEvents(query, chosen as FileFormat, {
                signal,
                onPart: (last) => say(`Read up to event ${last}`),
              });
              save(parts, chosen === "csv" ? "text/csv" : "application/x-ndjson", `ledger.${chosen}`);
              return "Exported, oldest first.";
            }}
          />
        }
      >
        <Stack gap="sm">
          <EventFilters filters={filters} onFilters={onFilters} />
          {fresh > 0 && (
            <Group>
              <Button variant="light" size="compact-md" leftSection={<Icon name="refresh" size={16} />} onClick={readAnew}>
                {fresh === 1 ? "1 new event: show it" : `${fresh} new events: show them`}
              </Button>
            </Group>
          )}
          <Read query={events.query}>
            {() => (
              <PagedTable
                label="Events"
                rows={events.items}
                keyOf={(event) => event.sequence}
                columns={[
                  { title: "Event", cell: (event) => <span className="event-kind">{kindTitle(event.kind)}</span>, heading: true },
                  { title: "What happened", cell: (event) => <span className="event-brief prose">{briefOf(event)}</span> },
                  { title: "By", cell: (event) => <span className="event-author">{event.author}</span> },
                  { title: "Time", cell: (event) => <TimeText value={event.time} /> },
                  { title: "Number", cell: (event) => <span className="digits">{format.count(event.sequence)}</span>, align: "right" },
                ]}
                hasMore={events.hasMore}
                more={events.more}
                isReadingMore={events.isReadingMore}
                onOpen={(event) => void navigate({ pathname: `/history/${event.sequence}`, search: key })}
                openLabel={(event) => `Open event ${event.sequence}: ${kindTitle(event.kind)}`}
                selected={(event) => event.sequence === number}
                empty={
                  isFiltered ? (
                    <Empty
                      title="No event fits"
                      action={
                        <Button variant="default" size="compact-md" onClick={() => onFilters(noFilters)}>
                          No filters
                        </Button>
                      }
                    >
                      Choose another kind, a longer time, or less text.
                    </Empty>
                  ) : (
                    <Empty title="Nothing but trading steps so far">
                      Sessions, decisions of the gate, changes of parameters, kills and users come here as they happen.
                    </Empty>
                  )
                }
              />
            )}
          </Read>
        </Stack>
      </Panel>
      {number > 0 && <EventDrawer number={number} onClose={() => void navigate({ pathname: "/history", search: key })} />}
    </Stack>
  );
}
