import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import "./changes.css";
import { layerText, useParameterInfos, valueText, type Difference } from "./values";

function way(change: Difference): string {
  if (change.from === null) return "set";
  if (change.to === null) return "taken away";
  return change.to > change.from ? "up" : "down";
}

const arrows: Record<string, string> = { up: "▲", down: "▼", set: "+", "taken away": "×" };

/** What changes: each value before and after, with its unit and where it holds. */
export function ChangeTable({ label, changes, empty }: { label: string; changes: readonly Difference[]; empty?: ReactNode }) {
  const infos = useParameterInfos();
  if (changes.length === 0) return <>{empty ?? <Text size="sm" c="dimmed">No difference.</Text>}</>;
  const layered = changes.some((change) => change.layer !== "global");
  return (
    <div className="table-scroll" role="region" aria-label={label} tabIndex={0}>
      <table className="changes">
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col" data-align="right">
              Before
            </th>
            <th scope="col" data-align="right">
              After
            </th>
          </tr>
        </thead>
        <tbody>
          {changes.map((change) => {
            const info = infos.find((one) => one.name === change.name);
            const inherited = change.layer === "global" ? "default" : "inherited";
            const direction = way(change);
            return (
              <tr key={`${change.layer} ${change.name}`}>
                <th scope="row">
                  {change.name}
                  <span className="unit">
                    {info?.unit}
                    {layered && `, for ${change.layer === "global" ? "all" : layerText(change.layer)}`}
                  </span>
                </th>
                <td data-align="right" className="digits">
                  {change.from === null ? inherited : valueText(change.from)}
                </td>
                <td data-align="right" className="digits after">
                  <span aria-hidden="true" className="way" data-way={direction}>
                    {arrows[direction]}
                  </span>{" "}
                  <span className="visually-hidden">{direction}: </span>
                  {change.to === null ? inherited : valueText(change.to)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
