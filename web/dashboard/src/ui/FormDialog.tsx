import { Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { Fault } from "./panels";
import { useAttempt } from "./useAttempt";
import { useFocusBack } from "./useFocusBack";

/**
 * Asks for something and does it. `onSubmit` runs while the dialog waits; a fault is shown in it and everything typed
 * stays, after it the dialog closes. `onSubmit` that gives null does nothing: something typed is not right yet.
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
  onSubmit: () => Promise<unknown> | null;
  children: ReactNode;
}) {
  const { isBusy, error, attempt, forgive } = useAttempt();
  useFocusBack(opened);
  const close = () => {
    if (isBusy) return;
    forgive();
    onClose();
  };
  const submit = async () => {
    const work = canConfirm && !isBusy ? onSubmit() : null;
    if (work && (await attempt(() => work))) onClose();
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
            <Button type="submit" className={danger ? "danger" : undefined} loading={isBusy} disabled={!canConfirm}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
