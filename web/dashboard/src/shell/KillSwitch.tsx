import { Alert, Button, Group, Radio, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useCan, useChange } from "../api";
import { Icon, ReasonDialog, TimeText } from "../ui";
import { useLiveState } from "./useLiveState";

/** Stops trading from any page, and re-arms it; for operators, one click from its dialog. */
export function KillSwitch() {
  const mayAct = useCan("operator");
  const { data } = useLiveState();
  const [opened, setOpened] = useState<"kill" | "arm" | null>(null);
  const [flatten, setFlatten] = useState("keep");
  const refreshes = ["/api/live/state", "/api/live/orders", "/api/live/positions", "/api/rl-training/status"] as const;
  const kill = useChange("post", "/api/live/kill", { refreshes: [...refreshes] });
  const arm = useChange("post", "/api/live/re-arm", { refreshes: [...refreshes] });
  const isStopped = data !== undefined && (data.summary.killed || data.risk.halt !== null);
  if (!mayAct) return null;

  return (
    <>
      {isStopped && (
        <Button color="green" variant="default" size="compact-md" onClick={() => setOpened("arm")} leftSection={<Icon name="play" size={16} />}>
          Re-arm
        </Button>
      )}
      <Button
        className="kill-button"
        color="red"
        size="compact-md"
        onClick={() => setOpened("kill")}
        leftSection={<Icon name="stop" size={16} />}
        aria-label="Kill switch: stop trading"
      >
        <span className="kill-long">Stop trading</span>
        <span className="kill-short">Stop</span>
      </Button>
      <ReasonDialog
        opened={opened === "kill"}
        onClose={() => setOpened(null)}
        title="Stop trading now"
        confirm="Stop trading"
        danger
        onConfirm={(reason) => kill.mutateAsync({ body: { reason, flatten: flatten === "flatten" } })}
      >
        <Stack gap="sm">
          <Text size="sm">
            All waiting orders are cancelled and no new one is made. It stays so, also after a restart, until a person re-arms it.
          </Text>
          {data?.summary.killed && <KilledNote />}
          <Radio.Group label="Positions held" value={flatten} onChange={setFlatten}>
            <Stack gap="xs" mt={4}>
              <Radio value="keep" label="Keep them" description="Nothing more is done with them; their stops are not watched" />
              <Radio value="flatten" label="Close them" description="With an order at the next bar, at the price it brings" />
            </Stack>
          </Radio.Group>
          {data && (
            <Text size="sm" c="dimmed">
              Held now: {data.summary.positions === 1 ? "1 position" : `${data.summary.positions} positions`}, {data.summary.waiting_orders}{" "}
              waiting orders.
            </Text>
          )}
        </Stack>
      </ReasonDialog>
      <ReasonDialog
        opened={opened === "arm"}
        onClose={() => setOpened(null)}
        title="Trade again"
        confirm="Re-arm"
        onConfirm={(reason) => arm.mutateAsync({ body: { reason } })}
      >
        <Stack gap="sm">
          <KilledNote />
          <Text size="sm">Orders are made again from the next bar on. The peak from which the drawdown counts begins anew.</Text>
        </Stack>
      </ReasonDialog>
    </>
  );
}

function KilledNote() {
  const { data } = useLiveState();
  const by = data?.risk.kill;
  return (
    <Alert color="red" variant="light" icon={<Icon name="stop" />} title="Trading is stopped">
      <Group gap={4}>
        {by ? (
          <Text size="sm">
            By {by.by} at <TimeText value={by.time} />: {by.reason}
          </Text>
        ) : (
          <Text size="sm">{data?.risk.halt ?? data?.risk.why}</Text>
        )}
      </Group>
    </Alert>
  );
}
