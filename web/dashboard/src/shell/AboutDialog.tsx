import { Anchor, Modal, Stack, Text } from "@mantine/core";
import { useApi } from "../api";
import { KeyValue, Read, TimeText } from "../ui";

/** Which program this is, and what its page is made of. */
export function AboutDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const version = useApi("/api/system/version", undefined, { enabled: opened });
  return (
    <Modal opened={opened} onClose={onClose} title="About Stevie" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="md">
        <Read query={version} lines={2}>
          {(data) => (
            <KeyValue
              rows={[
                { name: "Version", value: data.version },
                { name: "Runs since", value: <TimeText value={data.started} /> },
              ]}
            />
          )}
        </Read>
        <Text size="sm">
          The <Anchor href="/api/docs" target="_blank" rel="noreferrer" underline="always">API</Anchor> does everything that this page does.
        </Text>
        <Text size="sm">
          Price charts: TradingView Lightweight Charts™, Copyright (c) 2025 TradingView, Inc.{" "}
          <Anchor href="https://www.tradingview.com/" target="_blank" rel="noreferrer" underline="always">
            https://www.tradingview.com/
          </Anchor>{" "}
          (Apache License 2.0). Long series: uPlot (MIT). Made with React, Mantine and TanStack Query (MIT).
        </Text>
      </Stack>
    </Modal>
  );
}
