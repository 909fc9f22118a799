import type { ReactNode } from "react";
import type { Schema } from "../api";
import { Help, Money, Percent } from "../ui";
import { usedOf } from "./used";
import { unitsOf } from "./words";

/** The figures that one looks at first. */
export function Vitals({ state, positions }: { state: Schema<"LiveState">; positions: readonly Schema<"Position">[] }) {
  const { summary, risk } = state;
  const { quote } = unitsOf(summary.symbols[0]);
  const gain = summary.equity - summary.initial_equity;
  const today = risk.day_start_equity > 0 ? summary.equity - risk.day_start_equity : null; // not known before the first bar
  const open = positions.reduce((sum, position) => sum + position.unrealised, 0);
  const used = usedOf(state, positions);
  const share = (part: number | null, whole: number) => (part !== null && whole > 0 ? part / whole : null);
  return (
    <dl className="vitals">
      <Vital name="Equity" value={<Money value={summary.equity} unit={quote} />} help="Cash and positions at their newest prices.">
        <Percent value={share(gain, summary.initial_equity)} tone /> from <Money value={summary.initial_equity} unit={quote} digits={0} />
      </Vital>
      <Vital name="Today" value={<Money value={today} unit={quote} tone />} help="Since 00:00 UTC of the feed's clock.">
        <Percent value={share(today, risk.day_start_equity)} tone /> since 00:00 UTC
      </Vital>
      <Vital name="Open positions" value={<Money value={open} unit={quote} tone />} help="Gain or loss of what is held, before the costs of leaving it.">
        {positions.length === 0 ? "Nothing is held" : <>{positions.length} held, <Percent value={used.exposure} digits={1} /> of equity</>}
      </Vital>
      <Vital name="Drawdown" value={<Percent value={used.drawdown > 0 ? -used.drawdown : 0} tone />} help="Fall of the equity from its peak. A re-arm begins a new peak; the curve below goes by the highest equity of all.">
        Halts at <Percent value={-risk.limits.drawdown_share} digits={0} />
      </Vital>
      <Vital name="Cash" value={<Money value={summary.cash} unit={quote} />} help="What is not bound in positions. Short sales add to it.">
        {summary.equity > 0 ? <><Percent value={summary.cash / summary.equity} digits={1} /> of equity</> : "–"}
      </Vital>
    </dl>
  );
}

function Vital({ name, value, help, children }: { name: string; value: ReactNode; help: ReactNode; children: ReactNode }) {
  return (
    <div className="vital panel">
      <dt>
        {name}
        <Help about={name}>{help}</Help>
      </dt>
      <dd className="vital-value">{value}</dd>
      <dd className="vital-more">{children}</dd>
    </div>
  );
}
