import { Button, Group, Menu, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useChange, useSession } from "../api";
import { session } from "../api/session";
import { Fault, format, Icon } from "../ui";
import { AboutDialog } from "./AboutDialog";

export function UserMenu() {
  const { name, role } = useSession();
  const [isChanging, setChanging] = useState(false);
  const [isAbout, setAbout] = useState(false);
  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md">
        <Menu.Target>
          <Button variant="subtle" color="gray" size="compact-md" leftSection={<Icon name="user" />} aria-label={`User ${name}`} className="bar-button">
            <span className="wide-only">{name}</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {name}, {role && format.words(role).toLowerCase()}
          </Menu.Label>
          <Menu.Item leftSection={<Icon name="key" />} onClick={() => setChanging(true)}>
            Change password
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="info" />} onClick={() => setAbout(true)}>
            About
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="cross" />} onClick={() => void session.logOut()}>
            Log out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <AboutDialog opened={isAbout} onClose={() => setAbout(false)} />
      <PasswordDialog opened={isChanging} onClose={() => setChanging(false)} />
    </>
  );
}

function PasswordDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const change = useChange("post", "/api/auth/password");
  const { name } = useSession();
  const differs = again !== "" && again !== password;
  const close = () => {
    setCurrent("");
    setPassword("");
    setAgain("");
    change.reset();
    onClose();
  };
  const submit = async () => {
    try {
      await change.mutateAsync({ body: { current, password } });
    } catch {
      return; // shown below
    }
    // All logins have ended with it: this one begins anew.
    await session.logIn(name, password, false).catch(() => session.expire());
    close();
  };
  const eye = { "aria-label": "Show or hide the password" };
  return (
    <Modal opened={opened} onClose={close} title="Change your password" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Stack gap="md">
          <Text size="sm">All other places where you are logged in are logged out.</Text>
          <PasswordInput label="Password so far" autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} visibilityToggleButtonProps={eye} data-autofocus />
          <PasswordInput label="New password" description="At least 12 characters" autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={eye} />
          <PasswordInput label="New password again" autoComplete="new-password" value={again} onChange={(event) => setAgain(event.currentTarget.value)} error={differs ? "The two differ." : null} visibilityToggleButtonProps={eye} />
          {change.error && <Fault error={change.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={change.isPending} disabled={!current || !password || again !== password}>
              Change it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
