import { Button, Modal, Text } from "@mantine/core";
import { useSession } from "../api/hooks";
import { session } from "../api/session";
import { LoginForm } from "./LoginForm";

/** Over the page that stays as it is: the login has ended, what was typed has not. */
export function ExpiredDialog() {
  const { state, name } = useSession();
  return (
    <Modal
      opened={state === "expired"}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title="Your login has ended"
      zIndex={1000}
    >
      <Text size="sm" mb="md">
        Log in again as {name}. The page behind stays as it is: nothing that you typed is lost.
      </Text>
      <LoginForm key={state} fixedName={name} />
      <Button mt="sm" variant="subtle" fullWidth onClick={() => void session.logOut()}>
        Log in as somebody else
      </Button>
    </Modal>
  );
}
