import { Anchor, Button, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { session } from "../api/session";
import { Fault, Password, useAttempt } from "../ui";
import { Card } from "./Card";

/** The first administrator, with the token that the server printed on its first start. */
export function SetupPage() {
  const [token, setToken] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const { isBusy, error, attempt } = useAttempt();
  const differs = again !== "" && again !== password;

  return (
    <Card title="First start" lead="Make the first administrator. It works once, while there is no user.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void attempt(() => session.setUp(token.trim(), name.trim(), password));
        }}
      >
        <Stack gap="md">
          <TextInput
            label="One-time token"
            description="Printed by stevie serve when it started; a restart prints a new one"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            autoFocus
            required
            withAsterisk={false}
          />
          <TextInput
            label="Your name"
            description="Letters, digits and . _ @ -"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="username"
            required
            withAsterisk={false}
          />
          <Password label="Password" description="At least 12 characters" value={password} onValue={setPassword} />
          <Password label="Password again" value={again} onValue={setAgain} error={differs ? "The two differ." : null} />
          {error !== null && <Fault error={error} />}
          <Button type="submit" loading={isBusy} disabled={!token || !name || !password || again !== password}>
            Make the administrator
          </Button>
          <Text size="sm">
            There is a user already? <Anchor component={Link} to="/live" underline="always">Log in</Anchor>
          </Text>
        </Stack>
      </form>
    </Card>
  );
}
