import { Button, Checkbox, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { session } from "../api/session";
import { Fault, Password, useAttempt } from "../ui";

/** Name and password. `fixedName`: of the person whose login has ended. */
export function LoginForm({ fixedName }: { fixedName?: string }) {
  const [name, setName] = useState(fixedName ?? "");
  const [password, setPassword] = useState("");
  const [stay, setStay] = useState(false);
  const { isBusy, error, attempt } = useAttempt();

  const submit = async () => {
    if (!(await attempt(() => session.logIn(name.trim(), password, stay)))) setPassword("");
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Name"
          name="username"
          autoComplete="username"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          readOnly={fixedName !== undefined}
          required
          withAsterisk={false}
          data-autofocus={fixedName === undefined || undefined}
          autoFocus={fixedName === undefined}
        />
        <Password label="Password" isNew={false} value={password} onValue={setPassword} isFirst={fixedName !== undefined} />
        <Checkbox
          label="Stay logged in on this computer"
          description="For 14 days, also after the browser was closed"
          checked={stay}
          onChange={(event) => setStay(event.currentTarget.checked)}
        />
        {error !== null && <Fault error={error} />}
        <Button type="submit" loading={isBusy} disabled={name.trim() === "" || password === ""}>
          Log in
        </Button>
      </Stack>
    </form>
  );
}
