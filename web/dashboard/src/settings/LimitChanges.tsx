import { ActionIcon, Group, NumberInput, Stack, Text, Tooltip } from "@mantine/core";
import { useApi, useChange, type Schema } from "../api";
import { usedOf } from "../live/used";
import { Icon, ReasonDialog } from "../ui";
import { bodyOf, directionOf, effectOf, faultOf, limitShown, shownOf, type Draft, type Limit, type LimitChange, type LimitText, type Used } from "./limits";

type Value = Draft[LimitText["name"]];

/** A value in the unit of the limit, with a way back to the configuration. */
export function LimitInput({ text, limit, typed, onType }: { text: LimitText; limit: Limit; typed: Value; onType: (value: Value) => void }) {
  const isBack = typed === null;
  const isTyped = typed !== undefined;
  const fault = isTyped && typed !== null ? faultOf(text, limit, typed) : undefined;
  const configured = limitShown(text, limit.configured);
  return (
    <div className="limit-edit">
      <Group gap={6} wrap="nowrap" align="flex-start">
        <NumberInput
          aria-label={`New value of ${text.title}, ${text.unit}`}
          value={isBack ? shownOf(text, limit.configured) : (typed ?? shownOf(text, limit.in_force))}
          onChange={(value) => onType(value)}
          suffix={`\u00a0${text.unit}`}
          min={0}
          allowNegative={false}
          clampBehavior="none"
          decimalScale={limit.whole ? 0 : 6}
          error={fault}
          description={isBack ? `Follows the configuration again: ${configured}` : undefined}
          inputWrapperOrder={["input", "error", "description"]}
          size="sm"
          style={{ flex: 1 }}
        />
        <Tooltip label={isTyped ? "Undo what was typed" : `Back to the configuration, ${configured}`}>
          <ActionIcon
            variant="default"
            size={36}
            aria-label={isTyped ? `Undo what was typed for ${text.title}` : `Let ${text.title} follow the configuration again`}
            disabled={!isTyped && !limit.changed}
            onClick={() => onType(isTyped ? undefined : null)}
          >
            <Icon name={isTyped ? "back" : "refresh"} size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </div>
  );
}

const arrows = { wider: "▲", narrower: "▼", same: "=" } as const;

/** Old beside new with what it means, and the reason. */
export function LimitReview({
  opened,
  onClose,
  changes,
  base,
  state,
  onDone,
}: {
  opened: boolean;
  onClose: () => void;
  changes: readonly LimitChange[];
  base: number;
  state: Schema<"LiveState"> | undefined;
  onDone: () => void;
}) {
  const positions = useApi("/api/live/positions", undefined, { enabled: opened });
  const change = useChange("put", "/api/live/limits", { refreshes: ["/api/live/limits", "/api/live/state"] });
  const trades = state !== undefined && state.summary.mode !== "none";
  const used: Used | null = trades ? { ...usedOf(state, positions.data?.items ?? []), state: state.risk.state } : null;
  const isWider = changes.some((one) => directionOf(one) === "wider");
  return (
    <ReasonDialog
      opened={opened}
      onClose={onClose}
      title="Change limits of the risk engine"
      confirm={changes.length === 1 ? "Put 1 change in force" : `Put ${changes.length} changes in force`}
      danger={isWider}
      canConfirm={changes.length > 0}
      onConfirm={async (reason) => {
        await change.mutateAsync({ body: { limits: bodyOf(changes), reason, base } });
        onDone();
      }}
    >
      <Stack gap="sm">
        <Text size="sm">
          In force from the next bar on and over restarts, until somebody changes it again. Positions, and orders that the broker has, stay as they are.
          {isWider && " A wider limit risks more; it lifts neither a halt nor a kill."}
        </Text>
        <ul className="limit-changes" aria-label="What changes">
          {changes.map((one) => {
            const direction = directionOf(one);
            return (
              <li key={one.text.name}>
                <span className="limit-change">
                  <b>{one.text.title}</b>
                  <span className="digits">
                    {limitShown(one.text, one.from)} <span aria-label="becomes">→</span> <b>{limitShown(one.text, one.to)}</b>
                  </span>
                  <span className="limit-way">
                    <span aria-hidden="true">{arrows[direction]}</span> {direction}
                  </span>
                </span>
                <span className="limit-effect">{effectOf(one, used)}</span>
              </li>
            );
          })}
        </ul>
      </Stack>
    </ReasonDialog>
  );
}
