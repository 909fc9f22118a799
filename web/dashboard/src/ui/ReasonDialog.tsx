import { Text, Textarea } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { FormDialog } from "./FormDialog";

const LEAST = 3;
const MOST = 500;

/** What is wrong with a reason, or null. */
export function reasonFault(reason: string): string | null {
  const length = reason.trim().length;
  if (length < LEAST) return `At least ${LEAST} characters: it is kept in the ledger with your name.`;
  if (length > MOST) return `At most ${MOST} characters; these are ${length}.`;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(reason.trim())) return "One line, please.";
  return null;
}

/**
 * Asks for a reason before something changes trading. `onConfirm` does it: while it runs the dialog waits, a fault is
 * shown in it and the text stays, after it the dialog closes.
 */
export function ReasonDialog({
  opened,
  onClose,
  title,
  confirm,
  danger = false,
  onConfirm,
  children,
  canConfirm = true,
}: {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** of the button, says what it does: "Stop the session" */
  confirm: string;
  danger?: boolean;
  onConfirm: (reason: string) => Promise<unknown>;
  /** what will happen, and further fields */
  children?: ReactNode;
  /** false while further fields are not filled in */
  canConfirm?: boolean;
}) {
  const [reason, setReason] = useState("");
  const [wasTried, setTried] = useState(false);
  const fault = reasonFault(reason);
  const submit = () => {
    setTried(true);
    if (fault) return null;
    return onConfirm(reason.trim()).then(() => setReason(""));
  };
  return (
    <FormDialog
      opened={opened}
      onClose={() => {
        setTried(false);
        onClose();
      }}
      title={title}
      confirm={confirm}
      danger={danger}
      canConfirm={canConfirm}
      onSubmit={submit}
    >
      {children && (
        <Text size="sm" component="div">
          {children}
        </Text>
      )}
      <Textarea
        label="Reason"
        description={`${LEAST} to ${MOST} characters, kept in the ledger with your name`}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value.replace(/[\r\n]+/g, " "))}
        error={wasTried ? fault : null}
        autosize
        minRows={2}
        maxRows={6}
        data-autofocus
        required
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }
        }}
      />
    </FormDialog>
  );
}
