import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useApi, useChange, useSession } from "../api";
import { session } from "../api/session";
import { Fault, format, Icon, KeyValue, Panel, Password, Read } from "../ui";
import { roleTexts } from "./roles";

export function AccountSection() {
  const { name, role } = useSession();
  const me = useApi("/api/auth/me");
  return (
    <Stack gap="md">
      <Panel
        title="You"
        aside={
          <Button variant="default" size="compact-md" onClick={() => void session.logOut()}>
            Log out
          </Button>
        }
      >
        <Read query={me}>
          {(found) => (
            <KeyValue
              rows={[
                { name: "Name", value: found.user || name },
                { name: "Role", value: format.words(found.role) },
                { name: "Allows to", value: role ? roleTexts[role] : format.MISSING },
                { name: "Logged in with", value: found.via === "access token" ? "name and password" : found.via },
              ]}
            />
          )}
        </Read>
      </Panel>
      <Panel title="Password">
        <PasswordForm />
      </Panel>
    </Stack>
  );
}

function PasswordForm() {
  const { name } = useSession();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [isDone, setDone] = useState(false);
  const change = useChange("post", "/api/auth/password");
  const differs = again !== "" && again !== password;
  const submit = async () => {
    setDone(false);
    const stays = session.stays();
    try {
      await change.mutateAsync({ body: { current, password } });
    } catch {
      return; // shown below; what was typed stays
    }
    // All logins have ended with it: this one begins anew.
    await session.logIn(name, password, stays).catch(() => session.expire());
    setCurrent("");
    setPassword("");
    setAgain("");
    change.reset();
    setDone(true);
  };
  return (
    <form
      className="narrow-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack gap="md">
        <Text size="sm">Everywhere else where you are logged in you are logged out. API keys stay as they are.</Text>
        <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
        <Password label="Password so far" isNew={false} value={current} onValue={setCurrent} />
        <Password label="New password" description="At least 12 characters, unless the server asks for more" value={password} onValue={setPassword} />
        <Password label="New password again" value={again} onValue={setAgain} error={differs ? "The two are not the same." : null} />
        {change.error && <Fault error={change.error} />}
        {isDone && (
          <Alert color="green" variant="light" icon={<Icon name="check" />} role="status" title="Your password is changed" />
        )}
        <Group>
          <Button type="submit" loading={change.isPending} disabled={current === "" || password === "" || again !== password}>
            Change the password
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
