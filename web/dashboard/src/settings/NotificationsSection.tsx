import { ActionIcon, Alert, Button, Group, Menu, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { useCan, useChange, useList } from "../api";
import { Count, Duration, Empty, Fault, format, FormDialog, Icon, PagedTable, Panel, Read, StatusBadge, TimeText } from "../ui";
import { ChannelDialog } from "./ChannelDialog";
import { deliveryTones, eventTexts, type Channel, type Delivery } from "./notifications";

const states = ["waiting", "delivered", "failed", "dropped"] as const;

function eventTitle(event: string): string {
  return event === "test" ? "Test" : Object.hasOwn(eventTexts, event) ? eventTexts[event as keyof typeof eventTexts].title : format.words(event);
}

export function NotificationsSection() {
  const isAdmin = useCan("admin");
  const channels = useList("/api/notifications/channels", { query: { limit: 100 } });
  const [isAdding, setAdding] = useState(false);
  const [changed, setChanged] = useState<Channel | null>(null);
  const [removed, setRemoved] = useState<Channel | null>(null);
  const refreshes = ["/api/notifications/channels", "/api/notifications/deliveries"] as const;
  const test = useChange("post", "/api/notifications/channels/{name}/test", { refreshes: [...refreshes] });
  const toggle = useChange("patch", "/api/notifications/channels/{name}", { refreshes: [...refreshes] });
  const tested = test.variables?.path?.name ?? "";
  return (
    <Stack gap="md">
      <Panel
        title="Channels"
        aside={
          isAdmin && (
            <Button size="compact-md" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              Add a channel
            </Button>
          )
        }
      >
        <Stack gap="sm">
          <Text size="sm">
            The server tells people what happens who do not look at this page. {!isAdmin && "Administrators add and change channels."}
          </Text>
          <div role="status">
            {test.isPending && <Text size="sm">Sending a test to {tested}; the receiver has a few seconds to answer.</Text>}
            {test.data && !test.isPending && <TestAnswer delivery={test.data} />}
          </div>
          {test.error && !test.isPending && <Fault error={test.error} title={`The test of ${tested} was not sent`} />}
          {toggle.error && <Fault error={toggle.error} />}
          <Read query={channels.query}>
            {() => (
              <PagedTable
                label="Channels"
                rows={channels.items}
                keyOf={(channel) => channel.name}
                columns={[
                  { title: "Name", cell: (channel) => channel.name, heading: true },
                  { title: "Sends to", cell: (channel) => `${format.words(channel.kind)}, ${channel.target}` },
                  { title: "Hears of", cell: (channel) => <span className="prose">{channel.events.map(eventTitle).join(", ")}</span> },
                  {
                    title: "State",
                    cell: (channel) => <StatusBadge state={channel.enabled ? "sends" : "disabled"} tone={channel.enabled ? "good" : "warn"} size="sm" />,
                  },
                  {
                    title: "Last message",
                    cell: (channel) =>
                      channel.last_delivery ? (
                        <Group gap={6}>
                          <StatusBadge state={channel.last_delivery.state} tone={deliveryTones[channel.last_delivery.state]} size="sm" />
                          <TimeText value={channel.last_delivery.time} part="minute" />
                        </Group>
                      ) : (
                        "none yet"
                      ),
                  },
                  { title: "Waiting", cell: (channel) => <Count value={channel.waiting} />, align: "right" },
                  ...(isAdmin
                    ? [
                        {
                          title: "Change",
                          cell: (channel: Channel) => (
                            <Group gap={6} wrap="nowrap" justify="flex-end">
                              <Button
                                variant="default"
                                size="compact-sm"
                                loading={test.isPending && tested === channel.name}
                                disabled={test.isPending}
                                onClick={() => test.mutate({ path: { name: channel.name } })}
                                aria-label={`Test ${channel.name}`}
                              >
                                Test
                              </Button>
                              <Menu position="bottom-end" withinPortal shadow="md">
                                <Menu.Target>
                                  <ActionIcon variant="default" aria-label={`Change ${channel.name}`}>
                                    <Icon name="edit" size={16} />
                                  </ActionIcon>
                                </Menu.Target>
                                <Menu.Dropdown>
                                  <Menu.Item onClick={() => setChanged(channel)}>Edit</Menu.Item>
                                  <Menu.Item onClick={() => toggle.mutate({ path: { name: channel.name }, body: { enabled: !channel.enabled } })}>
                                    {channel.enabled ? "Disable" : "Enable"}
                                  </Menu.Item>
                                  <Menu.Divider />
                                  <Menu.Item color="red" onClick={() => setRemoved(channel)}>
                                    Remove
                                  </Menu.Item>
                                </Menu.Dropdown>
                              </Menu>
                            </Group>
                          ),
                        },
                      ]
                    : []),
                ]}
                hasMore={channels.hasMore}
                more={channels.more}
                isReadingMore={channels.isReadingMore}
                empty={
                  <Empty title="No channel" icon="open">
                    {isAdmin ? "Add one to hear of kills, halts and faults by a webhook or in a Telegram chat." : "Ask an administrator for one."}
                  </Empty>
                }
              />
            )}
          </Read>
        </Stack>
      </Panel>
      <DeliveryLog names={channels.items.map((channel) => channel.name)} />
      {isAdmin && <ChannelDialog opened={isAdding} channel={null} onClose={() => setAdding(false)} />}
      {changed && <ChannelDialog key={changed.name} opened channel={changed} onClose={() => setChanged(null)} />}
      {removed && <RemoveChannel channel={removed} onClose={() => setRemoved(null)} />}
    </Stack>
  );
}

function TestAnswer({ delivery }: { delivery: Delivery }) {
  const worked = delivery.state === "delivered";
  return (
    <Alert
      color={worked ? "green" : "red"}
      variant="light"
      icon={<Icon name={worked ? "check" : "warning"} />}
      title={worked ? `${delivery.channel} took the test message` : `The test message did not reach ${delivery.channel}`}
    >
      <Text size="sm">
        {delivery.http_status === null ? "There was no answer" : `The receiver answered ${delivery.http_status}`} after{" "}
        <Duration ms={delivery.took_ms} />.
      </Text>
      {delivery.error && delivery.http_status === null && <Text size="sm">{format.sentence(delivery.error)}</Text>}
    </Alert>
  );
}

function RemoveChannel({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const remove = useChange("delete", "/api/notifications/channels/{name}", {
    refreshes: ["/api/notifications/channels", "/api/notifications/deliveries"],
  });
  return (
    <FormDialog
      opened
      onClose={onClose}
      title={`Remove ${channel.name}`}
      confirm="Remove the channel"
      danger
      onSubmit={() => remove.mutateAsync({ path: { name: channel.name } })}
    >
      <Text size="sm">
        Its {channel.kind === "webhook" ? "address and secret" : "chat and token"} are forgotten
        {channel.waiting > 0 ? `, and ${channel.waiting === 1 ? "1 message that waits is" : `${channel.waiting} messages that wait are`} dropped` : ""}.
      </Text>
    </FormDialog>
  );
}

function DeliveryLog({ names }: { names: string[] }) {
  const [address, setAddress] = useSearchParams();
  const channel = address.get("channel") ?? "";
  const asked = address.get("state") ?? "";
  const state = states.find((known) => known === asked);
  const query = { limit: 50, ...(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(channel) ? { channel } : {}), ...(state ? { state } : {}) };
  const deliveries = useList("/api/notifications/deliveries", { query });
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(address);
    if (value) next.set(name, value);
    else next.delete(name);
    setAddress(next, { replace: true });
  };
  const options = channel && !names.includes(channel) ? [...names, channel] : names;
  return (
    <Panel
      title="Delivery log"
      aside={
        <Button variant="default" size="compact-md" leftSection={<Icon name="refresh" size={16} />} loading={deliveries.query.isRefetching} onClick={() => void deliveries.query.refetch()}>
          Read again
        </Button>
      }
    >
      <Stack gap="sm">
        <div className="settings-filters" role="search" aria-label="Filters of the delivery log">
          <Select
            label="Channel"
            data={[{ value: "", label: "All channels" }, ...options.map((name) => ({ value: name, label: name }))]}
            value={channel}
            onChange={(value) => set("channel", value ?? "")}
            allowDeselect={false}
            comboboxProps={{ shadow: "md" }}
          />
          <Select
            label="State"
            data={[{ value: "", label: "Any state" }, ...states.map((value) => ({ value, label: format.words(value) }))]}
            value={state ?? ""}
            onChange={(value) => set("state", value ?? "")}
            allowDeselect={false}
            comboboxProps={{ shadow: "md" }}
          />
        </div>
        <Read query={deliveries.query}>
          {() => (
            <PagedTable
              label="Deliveries"
              rows={deliveries.items}
              keyOf={(delivery) => `${delivery.id} ${delivery.channel}`}
              columns={[
                { title: "Message", cell: (delivery) => eventTitle(delivery.event), heading: true },
                { title: "State", cell: (delivery) => <StatusBadge state={delivery.state} tone={deliveryTones[delivery.state]} size="sm" /> },
                { title: "Channel", cell: (delivery) => delivery.channel },
                { title: "Last try", cell: (delivery) => <TimeText value={delivery.time} /> },
                { title: "Tries", cell: (delivery) => <Count value={delivery.tries} />, align: "right" },
                { title: "Answer", cell: (delivery) => delivery.http_status ?? "none", align: "right" },
                { title: "Took", cell: (delivery) => <Duration ms={delivery.tries > 0 ? delivery.took_ms : null} />, align: "right" },
                { title: "Why not", cell: (delivery) => (delivery.error ? <span className="prose">{delivery.error}</span> : format.MISSING) },
              ]}
              hasMore={deliveries.hasMore}
              more={deliveries.more}
              isReadingMore={deliveries.isReadingMore}
              empty={
                channel || state ? (
                  <Empty title="No message fits">Choose another channel or state.</Empty>
                ) : (
                  <Empty title="Nothing was sent yet">Messages come here with what became of them, the newest 200.</Empty>
                )
              }
            />
          )}
        </Read>
      </Stack>
    </Panel>
  );
}
