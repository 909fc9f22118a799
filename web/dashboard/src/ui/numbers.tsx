import { useClock } from "./clock";
import * as format from "./format";

type Value = number | null | undefined;

/** Digits of one width, so that columns line up; with `tone` a gain and a loss differ by sign and colour. */
function Digits({ text, value, tone }: { text: string; value?: Value; tone?: boolean }) {
  // What rounds to 0.00 is neither.
  const way = !tone || typeof value !== "number" || !/[1-9]/.test(text) ? undefined : value > 0 ? "gain" : "loss";
  return (
    <span className="digits" data-tone={way}>
      {text}
    </span>
  );
}

interface Style extends format.NumberStyle {
  value: Value;
  /** gains green with +, losses red with − */
  tone?: boolean;
}

export function NumberText({ value, tone, sign = tone, ...style }: Style & { unit?: string }) {
  const text = format.number(value, { ...style, sign });
  return <Digits text={style.unit && text !== format.MISSING ? `${text}\u00a0${style.unit}` : text} value={value} tone={tone} />;
}

export function Money({ value, tone, sign = tone, ...style }: Style & { unit?: string }) {
  return <Digits text={format.money(value, { ...style, sign })} value={value} tone={tone} />;
}

export function Price({ value }: { value: Value }) {
  return <Digits text={format.price(value)} />;
}

/** `value` is a share: 0.05 is shown as 5.00 %. */
export function Percent({ value, tone, sign = tone, ...style }: Style) {
  return <Digits text={format.percent(value, { ...style, sign })} value={value} tone={tone} />;
}

export function Bps({ value, tone, sign = tone, ...style }: Style) {
  return <Digits text={format.bps(value, { ...style, sign })} value={value} tone={tone} />;
}

export function Count({ value }: { value: Value }) {
  return <Digits text={format.count(value)} />;
}

export function Duration({ ms }: { ms: Value }) {
  return <Digits text={format.duration(ms)} />;
}

export function Bytes({ value }: { value: Value }) {
  return <Digits text={format.bytes(value)} />;
}

/** A time in the zone that the person chose; the other zone is in its title. */
export function TimeText({ value, part = "full" }: { value: string | number | null | undefined; part?: format.TimePart }) {
  const { clock } = useClock();
  const text = format.time(value, clock, part);
  if (text === format.MISSING) return <span className="digits">{text}</span>;
  return (
    <time
      className="digits"
      dateTime={new Date(value as string | number).toISOString()}
      title={format.time(value, clock === "utc" ? "local" : "utc")}
    >
      {text}
    </time>
  );
}
