import { ActionIcon, Button, Menu, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange, useList, useRefreshOn, useSession, type Role, type Schema } from "../api";
import { Empty, format, FormDialog, Icon, PagedTable, Panel, Password, Read, StatusBadge, TimeText } from "../ui";
import { rolesUpTo, roleTexts } from "./roles";

type User = Schema<"User">;
const refreshes = ["/api/auth/users", "/api/auth/keys"] as const;

export function RoleChoice({ label, value, onValue, roles }: { label: string; value: Role; onValue: (role: Role) => void; roles: Role[] }) {
  return (
    <Radio.Group label={label} value={value} onChange={(role) => onValue(role as Role)}>
      <Stack gap="xs" mt={6}>
        {roles.map((role) => (
          <Radio key={role} value={role} label={format.words(role)} description={`May ${roleTexts[role]}`} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

type Asked = { what: "role" | "password" | "enabled" | "remove"; user: User };

export function UsersSection() {
  const users = useList("/api/auth/users", { query: { limit: 100 } });
  const { name } = useSession();
  const [isAdding, setAdding] = useState(false);
  const [asked, setAsked] = useState<Asked | null>(null);
  useRefreshOn("accounts", ["/api/auth/users"], { everyMs: 1000 });
  return (
    <Panel
      title="Users"
      aside={
        <Button size="compact-md" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
          Add a user
        </Button>
      }
    >
      <Read query={users.query}>
        {() => (
          <PagedTable
            label="Users"
            rows={users.items}
            keyOf={(user) => user.name}
            columns={[
              { title: "Name", cell: (user) => (user.name === name ? `${user.name} (you)` : user.name), heading: true },
              { title: "Role", cell: (user) => format.words(user.role) },
              {
                title: "State",
                cell: (user) => <StatusBadge state={user.enabled ? "may log in" : "disabled"} tone={user.enabled ? "good" : "warn"} size="sm" />,
              },
              { title: "Last login", cell: (user) => (user.last_login ? <TimeText value={user.last_login} part="minute" /> : "never") },
              { title: "Added", cell: (user) => <TimeText value={user.created} part="minute" /> },
              {
                title: "Change",
                cell: (user) => (
                  <Menu position="bottom-end" withinPortal shadow="md">
                    <Menu.Target>
                      <ActionIcon variant="default" aria-label={`Change ${user.name}`}>
                        <Icon name="edit" size={16} />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => setAsked({ what: "role", user })}>Role</Menu.Item>
                      <Menu.Item onClick={() => setAsked({ what: "password", user })}>Set a password</Menu.Item>
                      <Menu.Item onClick={() => setAsked({ what: "enabled", user })}>{user.enabled ? "Disable" : "Enable"}</Menu.Item>
                      <Menu.Divider />
                      <Menu.Item color="red" onClick={() => setAsked({ what: "remove", user })}>
                        Remove
                      </Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                ),
              },
            ]}
            hasMore={users.hasMore}
            more={users.more}
            isReadingMore={users.isReadingMore}
            empty={<Empty title="No users">Add one.</Empty>}
          />
        )}
      </Read>
      <AddUser opened={isAdding} onClose={() => setAdding(false)} />
      {asked?.what === "role" && <ChangeRole user={asked.user} onClose={() => setAsked(null)} />}
      {asked?.what === "password" && <SetPassword user={asked.user} onClose={() => setAsked(null)} />}
      {asked?.what === "enabled" && <Enable user={asked.user} isOwn={asked.user.name === name} onClose={() => setAsked(null)} />}
      {asked?.what === "remove" && <Remove user={asked.user} isOwn={asked.user.name === name} onClose={() => setAsked(null)} />}
    </Panel>
  );
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

function AddUser({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [password, setPassword] = useState("");
  const add = useChange("post", "/api/auth/users", { refreshes: [...refreshes] });
  const fault = name !== "" && !namePattern.test(name) ? "Letters, digits and . _ @ -, beginning with a letter or digit; 64 at most." : null;
  return (
    <FormDialog
      opened={opened}
      onClose={onClose}
      title="Add a user"
      confirm="Add the user"
      canConfirm={name !== "" && fault === null && password !== ""}
      onSubmit={async () => {
        await add.mutateAsync({ body: { name, role, password } });
        setName("");
        setRole("viewer");
        setPassword("");
        add.reset();
      }}
    >
      <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} error={fault} autoComplete="off" data-autofocus maxLength={64} />
      <RoleChoice label="Role" value={role} onValue={setRole} roles={rolesUpTo("admin")} />
      <Password label="First password" description="12 characters or more, unless the server asks for another length. Tell it to the user, who changes it under Settings." value={password} onValue={setPassword} />
    </FormDialog>
  );
}

function ChangeRole({ user, onClose }: { user: User; onClose: () => void }) {
  const [role, setRole] = useState<Role>(user.role);
  const change = useChange("patch", "/api/auth/users/{name}", { refreshes: [...refreshes] });
  return (
    <FormDialog
      opened
      onClose={onClose}
      title={`Role of ${user.name}`}
      confirm="Change the role"
      canConfirm={role !== user.role}
      onSubmit={() => change.mutateAsync({ path: { name: user.name }, body: { role } })}
    >
      <Text size="sm">The user is logged out everywhere. The last administrator who may log in stays one.</Text>
      <RoleChoice label="Role" value={role} onValue={setRole} roles={rolesUpTo("admin")} />
    </FormDialog>
  );
}

function SetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const set = useChange("put", "/api/auth/users/{name}/password", { refreshes: [...refreshes] });
  return (
    <FormDialog
      opened
      onClose={onClose}
      title={`New password for ${user.name}`}
      confirm="Set the password"
      canConfirm={password !== ""}
      onSubmit={async () => {
        await set.mutateAsync({ path: { name: user.name }, body: { password } });
        set.reset();
      }}
    >
      <Text size="sm">The user is logged out everywhere. It is on record that you set it, not what it is.</Text>
      <Password label="New password" description="12 characters or more, unless the server asks for another length" value={password} onValue={setPassword} />
    </FormDialog>
  );
}

function Enable({ user, isOwn, onClose }: { user: User; isOwn: boolean; onClose: () => void }) {
  const change = useChange("patch", "/api/auth/users/{name}", { refreshes: [...refreshes] });
  return (
    <FormDialog
      opened
      onClose={onClose}
      title={user.enabled ? `Disable ${user.name}` : `Enable ${user.name}`}
      confirm={user.enabled ? "Disable the user" : "Enable the user"}
      danger={user.enabled}
      onSubmit={() => change.mutateAsync({ path: { name: user.name }, body: { enabled: !user.enabled } })}
    >
      <Text size="sm">
        {user.enabled
          ? `${user.name} is logged out everywhere and cannot log in until enabled again. Keys of a disabled user do not work either.`
          : `${user.name} may log in again, as ${user.role}.`}
      </Text>
      {isOwn && user.enabled && <Text size="sm">This is you: you are logged out, and another administrator has to let you in again.</Text>}
    </FormDialog>
  );
}

function Remove({ user, isOwn, onClose }: { user: User; isOwn: boolean; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const remove = useChange("delete", "/api/auth/users/{name}", { refreshes: [...refreshes] });
  return (
    <FormDialog
      opened
      onClose={onClose}
      title={`Remove ${user.name}`}
      confirm="Remove the user"
      danger
      canConfirm={typed.trim() === user.name}
      onSubmit={() => remove.mutateAsync({ path: { name: user.name } })}
    >
      <Text size="sm">Logins and API keys of {user.name} end. What {user.name} did stays in the ledger under that name.</Text>
      {isOwn && <Text size="sm">This is you: you are logged out and cannot log in again.</Text>}
      <TextInput label={`Type ${user.name} to remove`} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" data-autofocus />
    </FormDialog>
  );
}
