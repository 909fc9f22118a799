/** Numbers and times as text. Every number carries its unit; a missing one is a dash. */

export const MISSING = "–";
const formats = new Map<string, Intl.NumberFormat>();

function written(value: number, least: number, most: number, sign = false): string {
  const key = `${least} ${most} ${sign}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: least,
      maximumFractionDigits: most,
      signDisplay: sign ? "exceptZero" : "negative",
    });
    formats.set(key, format);
  }
  return format.format(value).replace("-", "\u2212");
}

type Maybe = number | null | undefined;
const known = (value: Maybe): value is number => typeof value === "number" && Number.isFinite(value);

export interface NumberStyle {
  digits?: number;
  sign?: boolean; // a plus before gains
}

export function number(value: Maybe, { digits = 2, sign = false }: NumberStyle = {}): string {
  return known(value) ? written(value, digits, digits, sign) : MISSING;
}

export function count(value: Maybe): string {
  return known(value) ? written(value, 0, 0) : MISSING;
}

/** Account currency. */
export function money(value: Maybe, { digits = 2, sign = false, unit = "USDT" }: NumberStyle & { unit?: string } = {}): string {
  return known(value) ? `${written(value, digits, digits, sign)}\u00a0${unit}` : MISSING;
}

/** A price: as many digits as it needs for five that count, two at least. */
export function price(value: Maybe): string {
  if (!known(value)) return MISSING;
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 2 : Math.min(8, Math.max(2, 4 - Math.floor(Math.log10(size))));
  return written(value, digits, digits);
}

/** A share, 0.05, as 5.00 %. */
export function percent(share: Maybe, { digits = 2, sign = false }: NumberStyle = {}): string {
  return known(share) ? `${written(share * 100, digits, digits, sign)}\u00a0%` : MISSING;
}

/** Hundredths of a percent, as the API gives them. */
export function bps(value: Maybe, { digits = 1, sign = false }: NumberStyle = {}): string {
  return known(value) ? `${written(value, digits, digits, sign)}\u00a0bps` : MISSING;
}

/** Milliseconds as "850 ms", "12.4 s", "3 min 05 s", "2 h 07 min", "4 d 3 h". */
export function duration(ms: Maybe): string {
  if (!known(ms)) return MISSING;
  const sign = ms < 0 ? "\u2212" : "";
  const all = Math.abs(ms);
  if (all < 1000) return `${sign}${Math.round(all)}\u00a0ms`;
  if (all < 59_950) return `${sign}${(all / 1000).toFixed(1)}\u00a0s`;
  const seconds = Math.round(all / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)}\u00a0min ${two(seconds % 60)}\u00a0s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${sign}${Math.floor(minutes / 60)}\u00a0h ${two(minutes % 60)}\u00a0min`;
  const hours = Math.round(minutes / 60);
  return `${sign}${Math.floor(hours / 24)}\u00a0d ${hours % 24}\u00a0h`;
}

export function bytes(value: Maybe): string {
  if (!known(value)) return MISSING;
  if (value < 1000) return `${value}\u00a0B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = value / 1000;
  let at = 0;
  while (size >= 999.5 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${written(size, 0, size < 10 ? 1 : 0)}\u00a0${units[at]}`;
}

export type Clock = "utc" | "local";
export type TimePart = "full" | "minute" | "date" | "time";

/** "2026-01-02 03:04:05 UTC"; local times carry their offset, "+01:00". */
export function time(value: string | number | Date | null | undefined, clock: Clock, part: TimePart = "full"): string {
  if (value === null || value === undefined || value === "") return MISSING;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return MISSING;
  const two = (digits: number) => String(digits).padStart(2, "0");
  const offset = clock === "utc" ? 0 : -date.getTimezoneOffset();
  const shown = new Date(date.getTime() + offset * 60_000);
  const day = `${shown.getUTCFullYear()}-${two(shown.getUTCMonth() + 1)}-${two(shown.getUTCDate())}`;
  const minute = `${two(shown.getUTCHours())}:${two(shown.getUTCMinutes())}`;
  const second = `${minute}:${two(shown.getUTCSeconds())}`;
  const size = Math.abs(offset);
  const zone =
    clock === "utc" ? "UTC" : `${offset < 0 ? "\u2212" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  switch (part) {
    case "date":
      return day;
    case "time":
      return `${second} ${zone}`;
    case "minute":
      return `${day} ${minute} ${zone}`;
    default:
      return `${day} ${second} ${zone}`;
  }
}

/** What the server says as a clause, as a sentence: "the equity fell below 10874.26" is "The equity fell below 10,874.26.". */
export function sentence(clause: string): string {
  if (clause === "") return "";
  const text = clause.replace(/(?<![\w.,-])\d{4,}\.\d{2}(?![\w.]\w)/g, (figure) => number(Number(figure)));
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

/** snake_case and kebab-case words of the API as a phrase: "mean_revert" is "Mean revert". */
export function words(code: string): string {
  const text = code.replace(/[._-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
