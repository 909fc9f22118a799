import type { Answer } from "../api";

export type Field = Answer<"get", "/api/system/configuration">["fields"][number];

/** Fields in which every word is found, in key, value or help. */
export function findFields(fields: readonly Field[], text: string, onlyChanged: boolean): Field[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return fields.filter((field) => {
    if (onlyChanged && field.value === field.default) return false;
    const whole = `${field.key} ${field.value} ${field.help}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}
