import { NumberInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import type { Schema } from "../api";
import { ReasonDialog } from "../ui";

export type StartLimits = Schema<"StartOptions">;

/** What both dialogs that start a session are given. */
export interface SessionDialogProps<Options> {
  opened: boolean;
  onClose: () => void;
  options: Options;
  setOptions: (options: Options) => void;
  /** what a start may ask for; absent: not read yet */
  limits: StartLimits | undefined;
  isBusy: boolean;
}

/** Asks for a reason, starts a session and leads to its page. */
export function SessionDialog({
  title,
  opened,
  onClose,
  isBusy,
  faults,
  start,
  children,
}: {
  title: string;
  opened: boolean;
  onClose: () => void;
  isBusy: boolean;
  /** of the fields; it starts where there are none */
  faults: object;
  start: (reason: string) => Promise<{ id: string }>;
  children: ReactNode;
}) {
  const navigate = useNavigate();
  return (
    <ReasonDialog
      opened={opened}
      onClose={onClose}
      title={title}
      confirm={isBusy ? "Put into the queue" : "Start"}
      canConfirm={Object.keys(faults).length === 0}
      onConfirm={async (reason) => {
        const session = await start(reason);
        navigate(`/training/${session.id}`);
      }}
    >
      {children}
    </ReasonDialog>
  );
}

export const whenItRuns = (isBusy: boolean) =>
  isBusy ? "Another session is at work: this one waits for its turn." : "It runs beside trading, at low priority.";

/** A number that may be left empty; what is wrong with it is said, and not mended. */
export function OptionalNumber(props: {
  label: string;
  description: string;
  value: number | string;
  onChange: (value: number | string) => void;
  error: string | undefined;
  allowDecimal?: boolean;
  thousandSeparator?: string;
  min?: number;
}) {
  return <NumberInput clampBehavior="none" hideControls {...props} />;
}
