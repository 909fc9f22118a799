import { PasswordInput } from "@mantine/core";

/** A password: typed unseen, shown at a click. `isNew`: one to be made, which the browser may suggest. */
export function Password({
  label,
  description,
  value,
  onValue,
  isNew = true,
  isFirst = false,
  error,
}: {
  label: string;
  description?: string;
  value: string;
  onValue: (value: string) => void;
  isNew?: boolean;
  /** of its dialog: has the focus when that opens */
  isFirst?: boolean;
  error?: string | null;
}) {
  return (
    <PasswordInput
      label={label}
      name={isNew ? undefined : "password"}
      data-autofocus={isFirst || undefined}
      description={description}
      autoComplete={isNew ? "new-password" : "current-password"}
      value={value}
      maxLength={256}
      onChange={(event) => onValue(event.currentTarget.value)}
      error={error}
      visibilityToggleButtonProps={{ "aria-label": `Show or hide: ${label}` }}
    />
  );
}
