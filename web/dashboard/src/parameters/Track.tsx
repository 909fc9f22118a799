import { valueText } from "./values";

/**
 * Where a value lies between its bounds: a line with a tick at the default and a mark at the value, and the same as
 * text. `next`: what is typed and not yet sent.
 */
export function Track({ name, value, min, max, fallback, unit, next }: { name: string; value: number; min: number; max: number; fallback: number; unit: string; next?: number }) {
  const at = (one: number) => `${Math.min(100, Math.max(0, (100 * (one - min)) / (max - min)))}%`;
  const low = Math.min(value, fallback);
  const high = Math.max(value, fallback);
  const words = `${name}: ${valueText(value, unit)}, between ${valueText(min)} and ${valueText(max)}, default ${valueText(fallback)}${
    next === undefined ? "" : `, to become ${valueText(next)}`
  }`;
  return (
    <div className="track">
      <div className="track-line" role="img" aria-label={words}>
        <span className="track-span" style={{ left: at(low), width: `calc(${at(high)} - ${at(low)})` }} />
        <span className="track-default" style={{ left: at(fallback) }} />
        <span className="track-value" style={{ left: at(value) }} />
        {next !== undefined && <span className="track-next" style={{ left: at(next) }} />}
      </div>
      <div className="track-text" aria-hidden="true">
        <span>{valueText(min)}</span>
        <span>
          {value === fallback ? "at its default" : `default ${valueText(fallback)}`}
        </span>
        <span>{valueText(max)}</span>
      </div>
    </div>
  );
}
