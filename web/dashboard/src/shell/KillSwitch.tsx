import { Alert, Button, Radio, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "react-router";
import { useCan, useChange, type Schema } from "../api";
import { format, Icon, ReasonDialog, TimeText } from "../ui";
import { useLiveState } from "./useLiveState";

const refreshes = ["/api/live/state", "/api/live/orders", "/api/live/positions", "/api/rl-training/status"] as const;

/** Stops trading from any page: one click from its dialog. For operators. */
export function KillSwitch() {
  const mayAct = useCan("operator");
  const { data } = useLiveState();
  const [opened, setOpened] = useState(false);
  const [flatten, setFlatten] = useState("keep");
  const kill = useChange("post", "/api/live/kill", { refreshes: [...refreshes] });
  if (!mayAct) return null;
  return (
    <>
      <Button
        className="danger"
        size="compact-md"
        onClick={() => setOpened(true)}
        leftSection={<Icon name="stop" size={16} />}
        aria-label="Kill switch: stop trading"
      >
        <span className="kill-long">Stop trading</span>
        <span className="kill-short">Stop</span>
      </Button>
      <ReasonDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title="Stop trading now"
        confirm="Stop trading"
        danger
        onConfirm={(reason) => kill.mutateAsync({ body: { reason, flatten: flatten === "flatten" } })}
      >
        <Stack gap="sm">
          <Text size="sm">
            All waiting orders are cancelled and no new one is made. It stays so, also after a restart, until a person re-arms it.
          </Text>
          {data?.summary.killed && (
            <Alert className="note" data-tone="bad" icon={<Icon name="stop" />} title="Trading is stopped already">
              <Why state={data} /> A second time is recorded as well; with "Close them" it also closes what is held.
            </Alert>
          )}
          <Radio.Group label="Positions held" value={flatten} onChange={setFlatten}>
            <Stack gap="xs" mt={4}>
              <Radio value="keep" label="Keep them" description="They stay, with their stop loss and take profit" />
              <Radio value="flatten" label="Close them" description="With an order at the next bar, at the price it brings" />
            </Stack>
          </Radio.Group>
          {data && (
            <Text size="sm" c="dimmed">
              Held now: {data.summary.positions === 1 ? "1 position" : `${data.summary.positions} positions`},{" "}
              {data.summary.waiting_orders === 1 ? "1 waiting order" : `${data.summary.waiting_orders} waiting orders`}.
            </Text>
          )}
        </Stack>
      </ReasonDialog>
    </>
  );
}

function Why({ state }: { state: Schema<"LiveState"> }) {
  const by = state.risk.kill;
  if (!by) return <>{format.sentence(state.risk.halt ?? state.risk.why)}</>;
  return (
    <>
      {by.by} at <TimeText value={by.time} />
      {by.flatten ? ", closing all positions" : ""}: {by.reason}
    </>
  );
}

/** Across every page: trading does not go on, why, and for operators how it does again. */
export function StoppedBanner() {
  const mayAct = useCan("operator");
  const { data } = useLiveState();
  const { pathname } = useLocation();
  const [opened, setOpened] = useState(false);
  const arm = useChange("post", "/api/live/re-arm", { refreshes: [...refreshes] });
  if (!data) return null;
  const { summary, risk } = data;
  const isTold = pathname.startsWith("/live"); // that page says it at length
  const isStopped = summary.mode !== "none" ? risk.kill !== null || risk.halt !== null : risk.kill !== null;
  return (
    <>
      {!isTold && summary.persistence_fault !== null && (
        <div className="banner" data-tone="warn" role="status">
          <Icon name="warning" />
          <span className="banner-text">
            <strong>Nothing can be put on record, so trading waits.</strong> {summary.persistence_fault}
          </span>
        </div>
      )}
      {!isTold && summary.mode !== "none" && !summary.reconciled && summary.running && (
        <div className="banner" data-tone="warn" role="status">
          <Icon name="warning" />
          <span className="banner-text">
            <strong>Account and record differ, so trading waits.</strong> {data.differences[0] ?? ""}
          </span>
        </div>
      )}
      {isStopped && (
        <div className="banner" data-tone="bad" role="status">
          <Icon name="stop" />
          <span className="banner-text">
            <strong>{risk.kill ? "Trading is stopped." : "Trading is halted."}</strong> <Why state={data} />
          </span>
          {mayAct && (
            <Button size="compact-md" variant="default" onClick={() => setOpened(true)} leftSection={<Icon name="play" size={16} />}>
              Re-arm
            </Button>
          )}
        </div>
      )}
      <ReasonDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title="Trade again"
        confirm="Re-arm"
        onConfirm={(reason) => arm.mutateAsync({ body: { reason } })}
      >
        <Stack gap="sm">
          <Text size="sm">
            It was stopped: <Why state={data} />
          </Text>
          <Text size="sm">Orders are made again from the next bar on. The peak from which the drawdown counts begins anew.</Text>
        </Stack>
      </ReasonDialog>
    </>
  );
}
