import { Button, SegmentedControl, Text } from "@mantine/core";
import { useSearchParams } from "react-router";
import { useApi, useList, useRefreshOn, type LiveEvent } from "../api";
import { Empty, Panel, Read, StatusBadge, TimeText } from "../ui";
import { because, isTooDear, verdictOf, type Decision } from "./words";

const PER_PAGE = 200;

/** What a stretch of decisions came to: "2 entries, 1 refused". */
export function countsOf(decisions: readonly Decision[]) {
  const counts = { entries: 0, exits: 0, refused: 0, tooDear: 0, idle: 0 };
  for (const decision of decisions) {
    if (decision.denial !== "none") counts.refused += 1;
    else if (decision.action === "enter" || decision.action === "target") counts.entries += 1;
    else if (decision.action === "exit") counts.exits += 1;
    else if (isTooDear(decision.summary)) counts.tooDear += 1;
    else counts.idle += 1;
  }
  return counts;
}

/** A pushed decision that the list of wanted trades holds. */
function wantsTrade({ data, topic }: LiveEvent): boolean {
  return topic === "risk" || Boolean(data["order_id"]) || Boolean(data["denial"]) || isTooDear(String(data["summary"] ?? ""));
}

/** The newest decisions of all symbols; each opens into its explanation. */
export function DecisionStream({ onOpen, opened }: { onOpen: (number: number) => void; opened: number | null }) {
  const [place, setPlace] = useSearchParams();
  const shows = place.get("decisions") === "all" ? "all" : "wanted";
  const list = useList("/api/live/decisions", { query: shows === "all" ? { limit: PER_PAGE } : { limit: 50, wanted: true } });
  useRefreshOn(["decisions", "risk"], ["/api/live/decisions"], { everyMs: 2000, when: (event) => shows === "all" || wantsTrade(event) });
  const rows = list.items;
  const counts = countsOf(rows);
  const pick = (value: string) =>
    setPlace(
      (old) => {
        if (value === "all") old.set("decisions", "all");
        else old.delete("decisions");
        return old;
      },
      { replace: true },
    );

  return (
    <Panel
      title="Decisions"
      id="decisions"
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Which decisions"
          value={shows}
          onChange={pick}
          data={[
            { value: "wanted", label: "Wanted a trade" },
            { value: "all", label: "All" },
          ]}
        />
      }
    >
      <Read query={list.query} what="Reading the decisions" lines={6}>
        {() => (
          <>
            {rows.length > 0 && (
              <Text size="xs" c="dimmed" mb="xs">
                Newest {rows.length}: {counts.entries} to enter, {counts.exits} to leave, {counts.refused} refused
                {counts.tooDear > 0 && `, ${counts.tooDear} too dear`}
                {counts.idle > 0 && `, ${counts.idle} without a trade`}
              </Text>
            )}
            {rows.length === 0 ? (
              <Nothing />
            ) : (
              <ol className="stream" aria-label="Decisions, newest first">
                {rows.map((decision) => (
                  <Row key={decision.number} decision={decision} isOpen={decision.number === opened} onOpen={onOpen} />
                ))}
              </ol>
            )}
            {list.hasMore && (
              <Button variant="default" size="compact-sm" fullWidth mt="xs" onClick={list.more} loading={list.isReadingMore}>
                Look through older ones
              </Button>
            )}
          </>
        )}
      </Read>
    </Panel>
  );
}

function Row({ decision, isOpen, onOpen }: { decision: Decision; isOpen: boolean; onOpen: (number: number) => void }) {
  const verdict = verdictOf(decision);
  return (
    <li>
      <button type="button" className="stream-row" data-open={isOpen || undefined} onClick={() => onOpen(decision.number)}>
        <span className="visually-hidden">Explain decision {decision.number}: </span>
        <span className="row">
          <span className="stream-what">
            <StatusBadge state={verdict.title} tone={verdict.tone} icon={verdict.icon} size="sm" />
            <b>{decision.symbol}</b>
          </span>
          <span className="dimmed">
            <TimeText value={decision.bar.open_time} part="minute" />
          </span>
        </span>
        <span className="stream-why">{because(decision.summary)}</span>
      </button>
    </li>
  );
}

/** Why there is nothing to see: what the newest decisions say. */
function Nothing() {
  const all = useApi("/api/live/decisions", { query: { limit: PER_PAGE } });
  const read = all.data?.items ?? [];
  if (read.length === 0) {
    return <Empty title="No decision yet">The loop decides on the close of each bar, once it has the bars that its inputs need.</Empty>;
  }
  const reasons = new Map<string, number>();
  for (const decision of read) {
    const why = because(decision.summary);
    reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  const [why, times] = [...reasons].sort((a, b) => b[1] - a[1])[0]!;
  return (
    <Empty title="No trade was wanted lately">
      {why}: {times} of the newest {read.length}. “All” shows each of them.
    </Empty>
  );
}
