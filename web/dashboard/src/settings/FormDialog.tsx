import { Button, Group, Modal, Stack } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Fault } from "../ui";
import { useFocusBack } from "../ui/useFocusBack";

/**
 * Asks for something and does it. `onSubmit` runs while the dialog waits; a fault is shown in it and everything typed
 * stays, after it the dialog closes.
 */
export function FormDialog({
  opened,
  onClose,
  title,
  confirm,
  danger = false,
  canConfirm = true,
  onSubmit,
  children,
}: {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** of the button: "Add the user" */
  confirm: string;
  danger?: boolean;
  canConfirm?: boolean;
  onSubmit: () => Promise<unknown>;
  children: ReactNode;
}) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useFocusBack(opened);
  const close = () => {
    if (isBusy) return;
    setError(null);
    onClose();
  };
  const submit = async () => {
    if (!canConfirm || isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await onSubmit();
      onClose();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={close} title={title} size="md" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Stack gap="md">
          {children}
          {error !== null && <Fault error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close} disabled={isBusy}>
              Cancel
            </Button>
            <Button type="submit" color={danger ? "red" : undefined} loading={isBusy} disabled={!canConfirm}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
