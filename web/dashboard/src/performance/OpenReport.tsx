import { Anchor, Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../api";
import { Fault, Icon } from "../ui";

/**
 * Opens a report in a tab of its own. A tab sends no login: it is given an address that works once, for a minute. The
 * tab is opened within the click, before that address is known, so that browsers let it through.
 */
export function OpenReport({ id, name, compact }: { id: string; name: string; compact?: boolean }) {
  const ticket = useChange("post", "/api/reports/{id}/ticket");
  const [blocked, setBlocked] = useState<string | null>(null);
  const open = async () => {
    setBlocked(null);
    const tab = window.open("about:blank", "_blank");
    if (tab) tab.opener = null;
    try {
      const { url } = await ticket.mutateAsync({ path: { id } });
      if (tab && !tab.closed) tab.location.replace(new URL(url, window.location.origin).href);
      else setBlocked(url);
    } catch {
      tab?.close(); // what went wrong is shown below the button
    }
  };
  return (
    <Stack gap={6} align="flex-start">
      <Button
        variant="default"
        size={compact ? "compact-sm" : "sm"}
        leftSection={<Icon name="open" size={14} />}
        loading={ticket.isPending}
        onClick={() => void open()}
        aria-label={`Open the report ${name} in a new tab`}
      >
        {compact ? "Open" : "Open the report"}
      </Button>
      {blocked && (
        <Text size="sm">
          The browser let no tab open.{" "}
          <Anchor href={blocked} target="_blank" rel="noopener noreferrer" size="sm" onClick={() => setBlocked(null)}>
            Open it here
          </Anchor>
          , once, within a minute.
        </Text>
      )}
      {ticket.error && <Fault error={ticket.error} title="The report did not open" />}
    </Stack>
  );
}
