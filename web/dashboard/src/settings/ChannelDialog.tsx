import { Button, Checkbox, Group, Radio, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../api";
import { FormDialog, Password } from "../ui";
import { CopyField } from "./CopyField";
import { allEvents, changeOf, draftFaults, draftOf, eventTexts, newChannelOf, newSecret, type Channel, type ChannelKind, type NotifyEvent } from "./notifications";

/** Adds a channel, or changes one; what is typed stays until it worked or the section is left. */
export function ChannelDialog({ opened, channel, onClose }: { opened: boolean; channel: Channel | null; onClose: () => void }) {
  const isNew = channel === null;
  const [draft, setDraft] = useState(() => draftOf(channel));
  const [wasTried, setTried] = useState(false);
  const [made, setMade] = useState("");
  const refreshes = ["/api/notifications/channels", "/api/notifications/deliveries"] as const;
  const add = useChange("post", "/api/notifications/channels", { refreshes: [...refreshes] });
  const change = useChange("patch", "/api/notifications/channels/{name}", { refreshes: [...refreshes] });
  const faults = draftFaults(draft, isNew);
  const set = (part: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...part }));
  const shown = (field: keyof typeof draft) => (wasTried ? (faults[field] ?? null) : null);
  const isFaulty = Object.keys(faults).length > 0;
  const changed = isNew ? {} : changeOf(draft, channel);

  return (
    <FormDialog
      opened={opened}
      onClose={() => {
        setTried(false);
        onClose();
      }}
      title={isNew ? "Add a channel" : `Change ${channel.name}`}
      confirm={isNew ? "Add the channel" : "Save"}
      canConfirm={!(wasTried && isFaulty) && (isNew || Object.keys(changed).length > 0)}
      onSubmit={async () => {
        setTried(true);
        if (isFaulty) throw new Error("Something is missing, or cannot be: look at the fields marked above.");
        if (isNew) await add.mutateAsync({ body: newChannelOf(draft) });
        else await change.mutateAsync({ path: { name: channel.name }, body: changed });
        add.reset();
        change.reset();
        setDraft(draftOf(null));
        setMade("");
        setTried(false);
      }}
    >
      {isNew && (
        <>
          <TextInput label="Name" placeholder="desk" value={draft.name} maxLength={64} onChange={(event) => set({ name: event.currentTarget.value })} error={shown("name")} autoComplete="off" data-autofocus />
          <Radio.Group label="Sends to" value={draft.kind} onChange={(kind) => set({ kind: kind as ChannelKind })}>
            <Stack gap="xs" mt={6}>
              <Radio value="webhook" label="A webhook" description="Any server that takes an HTTP request; each message is signed" />
              <Radio value="telegram" label="A Telegram chat" description="By a bot that @BotFather made for you" />
            </Stack>
          </Radio.Group>
        </>
      )}
      {draft.kind === "webhook" ? (
        <>
          <TextInput
            label="Address"
            placeholder="https://hooks.example.com/stevie"
            description={isNew ? "https where you can: http is readable by everybody on the way" : "Empty: stays as it is. The stored one is never shown"}
            value={draft.url}
            maxLength={2000}
            onChange={(event) => set({ url: event.currentTarget.value.trim() })}
            error={shown("url")}
            autoComplete="off"
          />
          <div>
            <Password
              label="Secret"
              description={isNew ? "Signs the messages (HMAC-SHA256); the receiver checks it with the same" : "Empty: stays as it is. The stored one is never shown"}
              value={draft.secret}
              onValue={(secret) => {
                setMade("");
                set({ secret });
              }}
              error={shown("secret")}
            />
            {made === "" ? (
              <Button
                variant="subtle"
                size="compact-sm"
                mt={4}
                onClick={() => {
                  const secret = newSecret();
                  setMade(secret);
                  set({ secret });
                }}
              >
                Make one
              </Button>
            ) : (
              <CopyField label="For the receiver; not shown again" value={made} />
            )}
          </div>
        </>
      ) : (
        <>
          <TextInput
            label="Chat"
            placeholder="-1001234567890"
            description="Number of the chat, or @ and the name of a public channel"
            value={draft.chat}
            maxLength={65}
            onChange={(event) => set({ chat: event.currentTarget.value.trim() })}
            error={shown("chat")}
            autoComplete="off"
          />
          <Password
            label="Token of the bot"
            description={isNew ? "As @BotFather gave it" : "Empty: stays as it is. The stored one is never shown"}
            value={draft.token}
            onValue={(token) => set({ token: token.trim() })}
            error={shown("token")}
          />
        </>
      )}
      <Checkbox.Group label="Wants to hear of" value={draft.events} onChange={(events) => set({ events: events as NotifyEvent[] })} error={shown("events")}>
        <Group gap="xs" my={6}>
          <Button variant="default" size="compact-xs" onClick={() => set({ events: allEvents })}>
            All
          </Button>
          <Button variant="default" size="compact-xs" onClick={() => set({ events: [] })}>
            None
          </Button>
        </Group>
        <Stack gap="xs">
          {allEvents.map((event) => (
            <Checkbox key={event} value={event} label={eventTexts[event].title} description={eventTexts[event].meaning} size="sm" />
          ))}
        </Stack>
      </Checkbox.Group>
      <TextInput
        label="Least time between two messages of one event, in seconds"
        description="What comes meanwhile is told as one. A kill and a re-arm never wait"
        inputMode="numeric"
        value={draft.gapSeconds}
        onChange={(event) => set({ gapSeconds: event.currentTarget.value.trim() })}
        error={shown("gapSeconds")}
      />
      <Switch label="Sends messages" checked={draft.enabled} onChange={(event) => set({ enabled: event.currentTarget.checked })} />
      {!isNew && Object.keys(changed).length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing differs from what is stored.
        </Text>
      )}
    </FormDialog>
  );
}
