import { Progress, Stack, Text } from "@mantine/core";
import { Link } from "react-router";
import { usePulse, type Schema } from "../api";
import { Count, format, KeyValue, NumberText, Panel, Percent, StatusBadge, TimeText, type Tone } from "../ui";
import { barLength } from "./words";

const looks: Record<Schema<"LiveFeed">["health"], { tone: Tone; word: string }> = {
  live: { tone: "good", word: "Live" },
  connecting: { tone: "busy", word: "Connecting" },
  reconnecting: { tone: "warn", word: "Reconnecting" },
  stale: { tone: "bad", word: "Stale" },
  ended: { tone: "neutral", word: "Ended" },
};

/** Where the bars come from, how the loop keeps up with them, and how fast it decides. */
export function FeedPanel({ state }: { state: Schema<"LiveState"> }) {
  const { summary, latency_us } = state;
  const { feed } = summary;
  const isOld = usePulse().state === "stale";
  const look = looks[feed.health] ?? { tone: "neutral", word: feed.health };
  return (
    <Panel title="Feed and loop" aside={<StatusBadge state={isOld ? `${look.word}, when last heard` : look.word} tone={isOld ? "neutral" : look.tone} />}>
      <Stack gap="sm">
        {feed.text && feed.text !== look.word.toLowerCase() && <Text size="sm">{format.sentence(feed.text)}</Text>}
        {feed.progress !== null && (
          <div>
            <Progress value={feed.progress * 100} aria-label="Part of the replay that is done" size="sm" />
            <Text size="xs" c="dimmed" mt={4}>
              <Percent value={feed.progress} digits={1} /> of the replay
            </Text>
          </div>
        )}
        <KeyValue
          rows={[
            { name: "Newest bar closed", value: <TimeText value={summary.now} part="minute" /> },
            { name: "Length of a bar", value: barLength(state.interval_ms) },
            { name: "Bars received", value: <Count value={feed.bars} /> },
            { name: "Reconnects", value: <Count value={feed.reconnects} />, help: "Times that the connection to the source was made anew." },
            { name: "Gaps filled", value: <><Count value={feed.gaps_filled} /> bars</>, help: "Fetched after the fact. Nothing is entered on such bars." },
            { name: "Rejected", value: <><Count value={feed.rejected} /> messages</>, help: "Malformed, out of order, or against a bar that had closed already." },
            { name: "Steps", value: <Count value={summary.steps} />, help: "Bars that were decided on, of all processes that traded this account." },
            {
              name: "Parameters",
              help: "That the newest decision was made by. A version that came after it counts from the next bar on.",
              value: state.parameter_version === null ? format.MISSING : <Link to="/parameters" className="link">Version {state.parameter_version}</Link>,
            },
            { name: "Trading since", value: <TimeText value={state.started} part="minute" />, help: "When this process began; the account may be older." },
          ]}
        />
        <div>
          <Text size="sm" fw={600} mb={4}>
            From a bar to its decision
          </Text>
          <KeyValue
            rows={[
              { name: "Half of them within", value: <Micros value={latency_us.p50} /> },
              { name: "99 of 100 within", value: <Micros value={latency_us.p99} /> },
              { name: "Slowest", value: <Micros value={latency_us.max} />, help: "Of the newest 10,000 decisions." },
            ]}
          />
        </div>
      </Stack>
    </Panel>
  );
}

function Micros({ value }: { value: number }) {
  return value >= 10_000 ? <NumberText value={value / 1000} digits={1} unit="ms" /> : <NumberText value={value} digits={1} unit="µs" />;
}
