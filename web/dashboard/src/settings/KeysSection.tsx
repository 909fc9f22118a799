import { Alert, Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCan, useChange, useList, useRefreshOn, useSession, type Role, type Schema } from "../api";
import { Empty, format, FormDialog, Icon, PagedTable, Panel, Read, TimeText, useClock } from "../ui";
import { CopyField } from "./CopyField";
import { rolesUpTo } from "./roles";
import { RoleChoice } from "./UsersSection";

type Key = Schema<"ApiKey">;
const day = 86_400_000;

export function KeysSection() {
  const isAdmin = useCan("admin");
  const keys = useList("/api/auth/keys", { query: { limit: 100 } });
  const [isMaking, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Key | null>(null);
  // Lives here only, until the dialog is closed.
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null);
  useRefreshOn("accounts", ["/api/auth/keys"], { everyMs: 1000 });
  const { clock } = useClock();
  const now = Date.now();
  return (
    <Panel
      title="API keys"
      aside={
        <Button size="compact-md" leftSection={<Icon name="plus" size={16} />} onClick={() => setMaking(true)}>
          Make a key
        </Button>
      }
    >
      <Stack gap="sm">
        <Text size="sm">
          Keys are for programs: a key acts in the name of its user, with the role it was made with. {isAdmin ? "You see those of all users." : "You see your own."}
        </Text>
        <Read query={keys.query}>
          {() => (
            <PagedTable
              label="API keys"
              rows={keys.items}
              keyOf={(key) => key.id}
              columns={[
                { title: "For", cell: (key) => key.name, heading: true },
                { title: "Id", cell: (key) => <span className="code">{key.id}</span> },
                { title: "User", cell: (key) => key.user },
                { title: "Role", cell: (key) => format.words(key.role) },
                { title: "Made", cell: (key) => <TimeText value={key.created} part="minute" /> },
                {
                  title: "Expires",
                  cell: (key) =>
                    key.expires === null ? (
                      "never"
                    ) : (
                      <>
                        <TimeText value={key.expires} part="minute" />
                        {Date.parse(key.expires) <= now && " (expired)"}
                      </>
                    ),
                },
                { title: "Last used", cell: (key) => (key.last_used ? format.time(key.last_used, clock, "minute") : "not yet") },
                {
                  title: "Change",
                  cell: (key) => (
                    <Button variant="default" size="compact-sm" onClick={() => setRevoked(key)} aria-label={`Revoke ${key.name}`}>
                      Revoke
                    </Button>
                  ),
                },
              ]}
              hasMore={keys.hasMore}
              more={keys.more}
              isReadingMore={keys.isReadingMore}
              empty={
                <Empty title="No keys" icon="key">
                  Make one for a program that calls the API, or for the monitoring that reads /metrics.
                </Empty>
              }
            />
          )}
        </Read>
      </Stack>
      <MakeKey opened={isMaking} onClose={() => setMaking(false)} onMade={setMade} />
      {revoked && <RevokeKey apiKey={revoked} onClose={() => setRevoked(null)} />}
      <Modal
        opened={made !== null}
        onClose={() => setMade(null)}
        title={made ? `The key for ${made.name}` : ""}
        closeOnClickOutside={false}
        closeOnEscape={false}
        withCloseButton={false}
      >
        {made && (
          <Stack gap="md">
            <Alert color="yellow" variant="light" icon={<Icon name="warning" />} title="It is shown once">
              <Text size="sm">The server keeps only a hash of it. Copy it now and put it where the program finds it.</Text>
            </Alert>
            <CopyField label="API key" value={made.secret} />
            <Text size="sm">
              A program sends it as <span className="code">Authorization: Bearer</span> and the key.
            </Text>
            <Group justify="flex-end">
              <Button onClick={() => setMade(null)}>I have it</Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </Panel>
  );
}

function MakeKey({ opened, onClose, onMade }: { opened: boolean; onClose: () => void; onMade: (made: { name: string; secret: string }) => void }) {
  const { role: own, name: self } = useSession();
  const isAdmin = useCan("admin");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [days, setDays] = useState("90");
  const [user, setUser] = useState("");
  const make = useChange("post", "/api/auth/keys", { refreshes: ["/api/auth/keys"] });
  return (
    <FormDialog
      opened={opened}
      onClose={onClose}
      title="Make an API key"
      confirm="Make the key"
      canConfirm={name.trim() !== ""}
      onSubmit={async () => {
        const expires = days === "" ? null : new Date(Math.ceil(Date.now() / 60_000) * 60_000 + Number(days) * day).toISOString();
        const key = await make.mutateAsync({ body: { name: name.trim(), role, expires, ...(user.trim() ? { user: user.trim() } : {}) } });
        make.reset(); // forgets the secret
        setName("");
        setUser("");
        onMade({ name: key.name, secret: key.secret });
      }}
    >
      <TextInput label="What it is for" placeholder="monitoring" value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={64} data-autofocus autoComplete="off" />
      <RoleChoice label="Role" value={role} onValue={setRole} roles={rolesUpTo(own)} />
      <Select
        label="Expires"
        value={days}
        onChange={(value) => setDays(value ?? "")}
        allowDeselect={false}
        data={[
          { value: "1", label: "In a day" },
          { value: "30", label: "In 30 days" },
          { value: "90", label: "In 90 days" },
          { value: "365", label: "In a year" },
          { value: "", label: "Never" },
        ]}
      />
      {isAdmin && (
        <TextInput label="In the name of" description={`Empty: ${self}, yourself`} value={user} onChange={(event) => setUser(event.currentTarget.value)} maxLength={64} autoComplete="off" />
      )}
    </FormDialog>
  );
}

function RevokeKey({ apiKey, onClose }: { apiKey: Key; onClose: () => void }) {
  const revoke = useChange("delete", "/api/auth/keys/{id}", { refreshes: ["/api/auth/keys"] });
  return (
    <FormDialog
      opened
      onClose={onClose}
      title={`Revoke the key for ${apiKey.name}`}
      confirm="Revoke the key"
      danger
      onSubmit={() => revoke.mutateAsync({ path: { id: apiKey.id } })}
    >
      <Text size="sm">
        Key {apiKey.id} of {apiKey.user} stops working at once, and cannot be brought back.
      </Text>
    </FormDialog>
  );
}
