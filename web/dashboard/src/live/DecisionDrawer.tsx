import { ActionIcon, Drawer, Group, Stack } from "@mantine/core";
import { Link } from "react-router";
import { useApi, type Schema } from "../api";
import { format, Icon, KeyValue, NumberText, Price, Read, StatusBadge, TimeText } from "../ui";
import { Explanation } from "./Explanation";
import { unitsOf, verdictOf } from "./words";

/** One decision with its reasons, beside the page; over it on a phone. */
export function DecisionDrawer({
  number,
  newest,
  onMove,
  onClose,
}: {
  number: number | null;
  newest: number;
  onMove: (number: number) => void;
  onClose: () => void;
}) {
  return (
    <Drawer
      opened={number !== null}
      onClose={onClose}
      position="right"
      size={520}
      title={number === null ? "" : `Decision ${format.count(number)}`}
      closeButtonProps={{ "aria-label": "Close" }}
      overlayProps={{ backgroundOpacity: 0.25 }}
      className="decision-drawer"
    >
      {number !== null && <Content number={number} newest={newest} onMove={onMove} />}
    </Drawer>
  );
}

function Content({ number, newest, onMove }: { number: number; newest: number; onMove: (number: number) => void }) {
  const query = useApi("/api/live/decisions/{number}", { path: { number } }, { staleTime: Infinity, keepPrevious: true });
  return (
    <Stack gap="md">
      <Group justify="space-between" gap="xs" wrap="nowrap">
        {query.data ? <Head decision={query.data} /> : <span />}
        <Group gap={4} wrap="nowrap">
          <ActionIcon variant="default" aria-label="Decision before" disabled={number <= 1} onClick={() => onMove(number - 1)}>
            <Icon name="left" />
          </ActionIcon>
          <ActionIcon variant="default" aria-label="Next decision" disabled={number >= newest} onClick={() => onMove(number + 1)}>
            <Icon name="right" />
          </ActionIcon>
        </Group>
      </Group>
      <Read query={query} what="Reading the decision" lines={8}>
        {(decision) => (
          <>
            <Explanation decision={decision} />
            <About decision={decision} />
          </>
        )}
      </Read>
    </Stack>
  );
}

function Head({ decision }: { decision: Schema<"ExplainedDecision"> }) {
  const verdict = verdictOf(decision);
  return (
    <Group gap="xs">
      <StatusBadge state={verdict.title} tone={verdict.tone} icon={verdict.icon} />
      <b>{decision.symbol}</b>
    </Group>
  );
}

function About({ decision }: { decision: Schema<"ExplainedDecision"> }) {
  const { bar } = decision;
  return (
    <KeyValue
      rows={[
        { name: "Bar opened", value: <TimeText value={bar.open_time} part="minute" /> },
        { name: "Open", value: <Price value={bar.open} /> },
        { name: "High", value: <Price value={bar.high} /> },
        { name: "Low", value: <Price value={bar.low} /> },
        { name: "Close", value: <Price value={bar.close} />, help: "The decision was taken on it; its order fills on the next bar." },
        { name: "Volume", value: <NumberText value={bar.volume} digits={0} unit={unitsOf(decision.symbol).base} /> },
        { name: "Order", value: decision.order_id === null ? "None" : <span className="code">{decision.order_id}</span> },
        {
          name: "Parameters",
          value: decision.parameter_version === null ? format.MISSING : <Link to="/parameters" className="link">Version {decision.parameter_version}</Link>,
        },
        { name: "Took", value: <NumberText value={decision.latency_us} digits={1} unit="µs" />, help: "From the hand-over of the bar to the order." },
      ]}
    />
  );
}
