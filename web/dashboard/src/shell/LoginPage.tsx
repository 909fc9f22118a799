import { Anchor, Text } from "@mantine/core";
import { Link } from "react-router";
import { Card } from "./Card";
import { LoginForm } from "./LoginForm";

export function LoginPage() {
  return (
    <Card title="Log in" lead="Trading on paper, training, and the record of both.">
      <LoginForm />
      <Text size="sm" mt="md">
        First start? <Anchor component={Link} to="/setup" underline="always">Make the first administrator</Anchor> with the token that{" "}
        <span className="code">stevie serve</span> printed.
      </Text>
    </Card>
  );
}
