import { Badge } from "@mantine/core";
import { words } from "./format";
import { Icon, type IconName } from "./icons";

export type Tone = "good" | "bad" | "warn" | "busy" | "neutral";

const looks: Record<Tone, { color: string; icon: IconName }> = {
  good: { color: "green", icon: "check" },
  bad: { color: "red", icon: "cross" },
  warn: { color: "yellow", icon: "warning" },
  busy: { color: "blue", icon: "wait" },
  neutral: { color: "gray", icon: "info" },
};

/** A state as drawing, word and colour. `state`: a word of the API, or a phrase. */
export function StatusBadge({ state, tone, icon, size = "md" }: { state: string; tone: Tone; icon?: IconName; size?: "sm" | "md" | "lg" }) {
  const look = looks[tone];
  return (
    <Badge
      className="status-badge"
      data-tone={tone}
      color={look.color}
      variant="light"
      size={size}
      leftSection={<Icon name={icon ?? look.icon} size={12} />}
    >
      {words(state)}
    </Badge>
  );
}
