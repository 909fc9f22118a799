/** Value of buy and hold at the ends of periods, newest first as the server lists them. */
interface HeldPeriod {
  from: string;
  to: string;
  buy_and_hold_return: number;
}

/**
 * What buying at the beginning with `initial` and holding was worth at each time (ms, ascending), straight lines between the
 * ends of the periods; null before they begin.
 */
export function heldAt(times: readonly number[], periods: readonly HeldPeriod[], initial: number): (number | null)[] {
  const oldestFirst = [...periods].reverse();
  const first = oldestFirst[0];
  if (!first) return times.map(() => null);
  const ends = [Date.parse(first.from)];
  const values = [initial];
  for (const period of oldestFirst) {
    ends.push(Date.parse(period.to));
    values.push(values.at(-1)! * (1 + period.buy_and_hold_return));
  }
  let at = 0;
  return times.map((time) => {
    if (time < ends[0]!) return null;
    while (at < ends.length - 2 && ends[at + 1]! < time) at += 1;
    const begin = ends[at]!;
    const end = ends[at + 1]!;
    const share = Math.min(1, (time - begin) / (end - begin || 1));
    return values[at]! + share * (values[at + 1]! - values[at]!);
  });
}
