import type { ReactNode } from "react";
import { Help } from "./Help";

/** Names and values side by side, below each other where it is narrow. */
export function KeyValue({ rows, columns = 1 }: { rows: { name: string; value: ReactNode; help?: ReactNode }[]; columns?: 1 | 2 | 3 }) {
  return (
    <dl className="key-value" data-columns={columns}>
      {rows.map((row) => (
        <div key={row.name}>
          <dt>
            {row.name}
            {row.help && <Help about={row.name}>{row.help}</Help>}
          </dt>
          <dd>{row.value}</dd>
        </div>
      ))}
    </dl>
  );
}
