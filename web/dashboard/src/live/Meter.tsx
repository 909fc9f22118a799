import type { ReactNode } from "react";
import { Help, Icon } from "../ui";

const NEAR = 0.8; // of the limit: near it

/** How much of a limit is used, as a bar and in words. `neutral`: more is no warning. */
export function Meter({
  name,
  value,
  limit,
  text,
  help,
  neutral = false,
}: {
  name: string;
  value: number;
  limit: number;
  text: ReactNode;
  help?: ReactNode;
  neutral?: boolean;
}) {
  const used = limit > 0 && Number.isFinite(value) ? Math.max(0, value / limit) : 0;
  const state = neutral ? "neutral" : used >= 1 ? "reached" : used >= NEAR ? "near" : "fine";
  const sign = state === "reached" ? "reached" : state === "near" ? "near the limit" : null;
  return (
    <div className="meter" data-state={state}>
      <div className="meter-words">
        <span className="meter-name">
          {name}
          {help && <Help about={name}>{help}</Help>}
        </span>
        <span className="meter-value">
          {sign && (
            <span className="meter-sign">
              <Icon name="warning" size={13} /> {sign}
            </span>
          )}
          {text}
        </span>
      </div>
      <div
        className="meter-track"
        role="meter"
        aria-label={neutral ? name : `${name}: share of the limit that is used`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(Math.min(1, used) * 100)}
      >
        <svg className="meter-fill" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          <rect width={Math.min(1, used) * 100} height="1" />
        </svg>
      </div>
    </div>
  );
}
