import { PasswordInput } from "@mantine/core";

export function Password({
  label,
  description,
  value,
  onValue,
  isNew = true,
  error,
}: {
  label: string;
  description?: string;
  value: string;
  onValue: (value: string) => void;
  isNew?: boolean;
  error?: string | null;
}) {
  return (
    <PasswordInput
      label={label}
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
