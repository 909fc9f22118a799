import { Stack, Switch, Text, TextInput } from "@mantine/core";
import { useSearchParams } from "react-router";
import { useApi } from "../api";
import { Empty, Icon, PagedTable, Panel, Read } from "../ui";
import { findFields } from "./configuration";

export function ConfigurationSection() {
  const query = useApi("/api/system/configuration", {}, { staleTime: 60_000 });
  const [address, setAddress] = useSearchParams();
  const text = address.get("text") ?? "";
  const onlyChanged = address.get("changed") === "1";
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(address);
    if (value) next.set(name, value);
    else next.delete(name);
    setAddress(next, { replace: true });
  };
  return (
    <Panel title="Configuration in force">
      <Stack gap="sm">
        <Text size="sm">
          What the server was started with: its defaults, the file of --config, the environment and --set. It is changed there, with a restart. Passwords
          are left out.
        </Text>
        <div className="settings-filters" role="search" aria-label="Find a setting">
          <TextInput
            label="Find"
            placeholder="drawdown, fee, port"
            value={text}
            maxLength={200}
            onChange={(event) => set("text", event.currentTarget.value)}
            leftSection={<Icon name="search" size={16} />}
          />
          <Switch label="Only what is not the default" checked={onlyChanged} onChange={(event) => set("changed", event.currentTarget.checked ? "1" : "")} />
        </div>
        <Read query={query}>
          {({ fields }) => {
            const found = findFields(fields, text, onlyChanged);
            return (
              <PagedTable
                label="Settings"
                rows={found}
                total={fields.length}
                keyOf={(field) => field.key}
                columns={[
                  { title: "Setting", cell: (field) => <span className="code setting-name">{field.key}</span>, heading: true },
                  {
                    title: "Value",
                    cell: (field) => (
                      <span className="setting-value" data-changed={field.value !== field.default || undefined}>
                        <span className="code">{field.value}</span> {field.unit}
                        {field.value !== field.default && <span className="setting-default"> default {field.default}</span>}
                      </span>
                    ),
                  },
                  { title: "Meaning", cell: (field) => <span className="prose">{field.help}</span> },
                ]}
                empty={<Empty title="No setting fits">Type less, or look at all of them.</Empty>}
              />
            );
          }}
        </Read>
      </Stack>
    </Panel>
  );
}
