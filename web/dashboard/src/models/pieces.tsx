import { Switch, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import type { Schema } from "../api";
import { Help } from "../ui";
import { Estimate } from "../performance/Estimate";
import { inOrder, runMeasure } from "./words";

/** Figures with their intervals, as tiles. */
export function Metrics({ metrics, empty }: { metrics: Record<string, Schema<"RunMetric">>; empty: ReactNode }) {
  const keys = inOrder(Object.keys(metrics));
  if (keys.length === 0) return <Text size="sm">{empty}</Text>;
  return (
    <dl className="figure-tiles">
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

/** Sections of the configuration that say nothing of a training or a judgement. */
const elsewhere = new Set(["accounts", "ledger", "live", "log", "notify", "risk", "server", "sessions"]);

const TIMES = /(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}):[\d.]+Z/g;

/** Keys and values of a configuration. */
export function Settings({ settings }: { settings: { name: string; value: string }[] }) {
  const [all, setAll] = useState(false);
  if (settings.length === 0) return <Text size="sm">No settings are told beside it.</Text>;
  const own = settings.filter(({ name }) => !elsewhere.has(name.split(".")[0]!));
  const others = settings.length - own.length;
  return (
    <div className="settings-list" role="region" aria-label="Settings" tabIndex={0}>
      {others > 0 && (
        <Switch
          size="sm"
          mb="xs"
          label={`Also the ${others} that do not change what the run does`}
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
      )}
      <dl>
        {(all ? settings : own).map(({ name, value }) => (
          <div key={name}>
            <dt className="code">{name}</dt>
            <dd className="code">{value.replace(TIMES, "$1 $2 UTC")}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
