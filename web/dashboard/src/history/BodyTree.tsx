import { Button } from "@mantine/core";
import { useState } from "react";
import { format, useClock } from "../ui";

const FIRST = 50;
const timeNames = /(^|_)(time|now|at|decided|clock|from|to|until|since|newest|kept)$/;

function isTime(name: string, value: number): boolean {
  return timeNames.test(name) && Number.isInteger(value) && value > 1e12 && value < 4e12;
}

function Scalar({ name, value }: { name: string; value: unknown }) {
  const { clock } = useClock();
  if (value === null) return <span className="tree-nothing">null</span>;
  if (typeof value === "string") return <span className="tree-text">{value === "" ? "(empty)" : value}</span>;
  if (typeof value === "number" && isTime(name, value)) {
    return (
      <span className="digits">
        {value} <span className="tree-note">{format.time(value, clock)}</span>
      </span>
    );
  }
  return <span className="digits">{String(value)}</span>;
}

/** A JSON value that opens part by part. */
export function BodyTree({ value, name = "", depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  const [shown, setShown] = useState(FIRST);
  if (typeof value !== "object" || value === null) return <Scalar name={name} value={value} />;
  const isList = Array.isArray(value);
  const entries: [string, unknown][] = isList ? value.map((item, at) => [String(at), item]) : Object.entries(value);
  if (entries.length === 0) return <span className="tree-nothing">{isList ? "none" : "(empty)"}</span>;
  const rest = entries.length - shown;
  return (
    <ul className="tree" data-depth={depth}>
      {entries.slice(0, shown).map(([key, item]) => {
        const isNested = typeof item === "object" && item !== null && Object.keys(item).length > 0;
        const size = isNested ? Object.keys(item).length : 0;
        return (
          <li key={key}>
            {isNested ? (
              <details open={depth === 0 && size <= 12 ? true : undefined}>
                <summary>
                  <span className="tree-name">{isList ? Number(key) + 1 : key}</span>{" "}
                  <span className="tree-note">{Array.isArray(item) ? `${size} in a list` : size === 1 ? "1 field" : `${size} fields`}</span>
                </summary>
                <BodyTree value={item} name={key} depth={depth + 1} />
              </details>
            ) : (
              <div className="tree-leaf">
                <span className="tree-name">{isList ? Number(key) + 1 : key}</span>
                <BodyTree value={item} name={isList ? name : key} depth={depth + 1} />
              </div>
            )}
          </li>
        );
      })}
      {rest > 0 && (
        <li>
          <Button variant="subtle" size="compact-xs" onClick={() => setShown(shown + 500)}>
            Show {Math.min(rest, 500)} more of {entries.length}
          </Button>
        </li>
      )}
    </ul>
  );
}
