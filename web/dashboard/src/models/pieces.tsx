import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schema } from "../api";
import { Help } from "../ui";
import { Estimate } from "../performance/Estimate";
import { inOrder, runMeasure } from "./words";

/** Figures with their intervals, as tiles. */
export function Metrics({ metrics, empty }: { metrics: Record<string, Schema<"RunMetric">>; empty: ReactNode }) {
  const keys = inOrder(Object.keys(metrics));
  if (keys.length === 0) return <Text size="sm">{empty}</Text>;
  return (
    <dl className="figures">
      {keys.map((key) => {
        const measure = runMeasure(key);
        return (
          <div key={key}>
            <dt>
              {measure.name}
              {measure.help && <Help about={measure.name}>{measure.help}</Help>}
            </dt>
            <dd>
              <Estimate metric={metrics[key]} kind={measure.kind} tone={measure.tone} />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** Keys and values of a configuration. */
export function Settings({ settings }: { settings: { name: string; value: string }[] }) {
  if (settings.length === 0) return <Text size="sm">No settings are told beside it.</Text>;
  return (
    <div className="settings-list" role="region" aria-label="Settings" tabIndex={0}>
      <dl>
        {settings.map(({ name, value }) => (
          <div key={name}>
            <dt className="code">{name}</dt>
            <dd className="code">{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
