import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { session } from "../api/session";
import { Fault } from "../ui";
import { Card } from "./Card";

/** The first administrator, with the token that the server printed on its first start. */
export function SetupPage() {
  const [token, setToken] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const differs = again !== "" && again !== password;

  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await session.setUp(token.trim(), name.trim(), password);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Card title="First start" lead="Make the first administrator. It works once, while there is no user.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
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
          <PasswordInput
            label="Password"
            description="At least 12 characters"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="new-password"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
          />
          <PasswordInput
            label="Password again"
            value={again}
            onChange={(event) => setAgain(event.currentTarget.value)}
            error={differs ? "The two differ." : null}
            autoComplete="new-password"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
          />
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
