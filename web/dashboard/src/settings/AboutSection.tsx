import { Anchor, Stack, Text } from "@mantine/core";
import { useApi } from "../api";
import { Duration, KeyValue, PagedTable, Panel, Read, TimeText } from "../ui";
import { apacheText, mitText, notices } from "./notices";

export function AboutSection() {
  const version = useApi("/api/system/version");
  return (
    <Stack gap="md">
      <Panel title="This server">
        <Read query={version}>
          {(found) => (
            <KeyValue
              rows={[
                { name: "Program", value: `${found.program} ${found.version}` },
                { name: "Running since", value: <TimeText value={found.started} /> },
                { name: "For", value: <Duration ms={Date.parse(found.time) - Date.parse(found.started)} /> },
                {
                  name: "Its clock against yours",
                  value: <Duration ms={Date.parse(found.time) - version.dataUpdatedAt} />,
                  help: "The server's time less that of this computer, when it was asked. Times on these pages are the server's.",
                },
                {
                  name: "Routes of its API",
                  value: (
                    <Anchor href="/api/docs" target="_blank" rel="noreferrer" underline="always">
                      /api/docs
                    </Anchor>
                  ),
                },
              ]}
            />
          )}
        </Read>
      </Panel>
      <Panel title="Charts">
        <Text size="sm">
          Price charts: TradingView Lightweight Charts™, Copyright (c) 2025 TradingView, Inc.{" "}
          <Anchor href="https://www.tradingview.com/" target="_blank" rel="noreferrer" underline="always" size="sm">
            https://www.tradingview.com/
          </Anchor>
        </Text>
      </Panel>
      <Panel title="Made with">
        <Stack gap="sm">
          <Text size="sm">Stevie is under the Apache License 2.0. These libraries are part of this page.</Text>
          <PagedTable
            label="Libraries"
            rows={notices}
            keyOf={(notice) => notice.name}
            columns={[
              { title: "Library", cell: (notice) => notice.name, heading: true },
              { title: "Licence", cell: (notice) => notice.license },
              { title: "Copyright", cell: (notice) => notice.copyright },
            ]}
          />
          <details>
            <summary>The MIT licence</summary>
            <p className="licence">{mitText}</p>
          </details>
          <details>
            <summary>The Apache licence 2.0</summary>
            <p className="licence">{apacheText}</p>
          </details>
        </Stack>
      </Panel>
    </Stack>
  );
}
