import { Alert, Stack, Text, Title } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import type { Schema } from "../api";
import { format, Help, Icon, Loading, NumberText, PagedTable, Percent, StatusBadge, TimeText } from "../ui";
import { LongSeries } from "../ui/LongSeries";
import { Named } from "../performance/Estimate";
import { measureOf, measures, span, written } from "../performance/measures";

export type Compared = Schema<"ParameterComparison">;
type Metric = Schema<"Metric">;

function Shown({ name, metric }: { name: string; metric: Metric | undefined }) {
  if (!metric) return <>{format.MISSING}</>;
  return (
    <>
      <b className="digits">{written(metric.value, measureOf(name).kind)}</b>
      {metric.low !== null && metric.high !== null && <span className="interval-text digits">{span(metric.low, metric.high, measureOf(name).kind)}</span>}
      {metric.value === null && metric.reason && <span className="interval-text interval-why">{metric.reason}</span>}
    </>
  );
}

/** Two sets of parameters replayed over the same bars. `brief`: only the finding and the figures that say most. */
export function ComparisonReport({ found, brief = false }: { found: Compared; brief?: boolean }) {
  const { first, second, difference } = found;
  const level = format.percent(found.level, { digits: 0 });
  const x = useMemo(() => found.curve.map((point) => Date.parse(point.time)), [found]);
  const lines = useMemo(
    () => [
      { label: first.name, values: found.curve.map((point) => point.first), dashed: true },
      { label: second.name, values: found.curve.map((point) => point.second) },
    ],
    [found, first.name, second.name],
  );
  const known = (key: string) => (first.metrics[key]?.value ?? second.metrics[key]?.value ?? null) !== null;
  const order = measures.map((measure) => measure.key);
  const all = [...order, ...Object.keys(first.metrics).filter((key) => !order.includes(key))];
  const keys = (brief ? ["total_return", "sharpe", "max_drawdown", "turnover"] : all).filter(known);
  const months = found.months.filter((month) => month.differs);
  const paired = [
    { key: "sharpe", name: "Sharpe ratio", of: difference.sharpe },
    { key: "total_return", name: "Total return", of: difference.total_return },
    { key: "annual_return", name: "Annual return", of: difference.annual_return },
  ];
  return (
    <Stack gap="md">
      <Alert color="blue" variant="light" icon={<Icon name="info" />} title="What the replay shows">
        {found.sentence}
      </Alert>
      <Text size="sm" c="dimmed">
        {found.symbol}, {format.count(found.bars)} bars of {found.interval}, <TimeText value={found.from} part="date" /> to <TimeText value={found.to} part="date" />
        {found.synthetic && " (a synthetic market)"}, net of all costs. It looks back: a version that was searched for on these bars looks good on them.
      </Text>
      {!brief && (
        <section aria-label="Equity of both">
          <LongSeries
            x={x}
            lines={lines}
            height={260}
            write={(value) => format.money(value, { digits: 0 })}
            description={`Equity of ${first.name} (ends at ${format.money(first.final_equity, { digits: 0 })}) and of ${second.name} (ends at ${format.money(second.final_equity, { digits: 0 })}) on the same bars`}
          />
        </section>
      )}
      <div className={brief ? undefined : "two-columns"}>
        <div className="table-scroll" role="region" aria-label="Figures of both" tabIndex={0}>
          <table className="figures">
            <caption>
              Figures of both, with intervals of {level}
              <Help about="these intervals">Days are drawn again and again in blocks; so far the figure might have gone by luck on days like these.</Help>
            </caption>
            <thead>
              <tr>
                <th scope="col">Figure</th>
                <th scope="col" data-align="right">
                  {first.name}
                </th>
                <th scope="col" data-align="right">
                  {second.name}
                </th>
              </tr>
            </thead>
            <tbody>
              {keys.map((key) => (
                <tr key={key}>
                  <th scope="row">
                    <Named measure={measureOf(key)} />
                  </th>
                  <td data-align="right">
                    <Shown name={key} metric={first.metrics[key]} />
                  </td>
                  <td data-align="right">
                    <Shown name={key} metric={second.metrics[key]} />
                  </td>
                </tr>
              ))}
              <tr>
                <th scope="row">Trades</th>
                <td data-align="right">{format.count(first.trades)}</td>
                <td data-align="right">{format.count(second.trades)}</td>
              </tr>
              <tr>
                <th scope="row">Refused by costCapBps</th>
                <td data-align="right">{format.count(first.refused_by_cost)}</td>
                <td data-align="right">{format.count(second.refused_by_cost)}</td>
              </tr>
              <tr>
                <th scope="row">Fees paid</th>
                <td data-align="right">{format.money(first.fees)}</td>
                <td data-align="right">{format.money(second.fees)}</td>
              </tr>
            </tbody>
          </table>
        </div>
        <Stack gap="md">
          <div className="table-scroll" role="region" aria-label="Difference" tabIndex={0}>
            <table className="figures">
              <caption>
                Difference, second minus first
                <Help about="this difference">The same days are drawn for both, so that what moves both moves neither. An interval that holds 0 tells no difference.</Help>
              </caption>
              <thead>
                <tr>
                  <th scope="col">Figure</th>
                  <th scope="col" data-align="right">
                    Difference
                  </th>
                  <th scope="col" data-align="right">
                    Higher in
                  </th>
                </tr>
              </thead>
              <tbody>
                {paired.map(({ key, name, of }) => (
                  <tr key={key}>
                    <th scope="row">
                      {name}
                      <div>{certainty(of)}</div>
                    </th>
                    <td data-align="right">
                      {key === "sharpe" ? <NumberText value={of.value} tone /> : <Percent value={of.value} digits={1} tone />}
                      {of.low !== null && of.high !== null && (
                        <span className="interval-text digits">{span(of.low, of.high, measureOf(key).kind)}</span>
                      )}
                      {of.value === null && of.reason && <span className="interval-text interval-why">{of.reason}</span>}
                    </td>
                    <td data-align="right" className="digits">
                      {of.probability_better === null ? format.MISSING : `${format.percent(of.probability_better, { digits: 0 })} of draws`}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {!brief && (
            <div>
              <Title order={3} size="h5" mb="xs">
                Months in which they differ
              </Title>
              <PagedTable
                label="Months in which they differ"
                rows={months}
                keyOf={(month) => month.month}
                empty={<Text size="sm">None: both did the same in every month.</Text>}
                columns={[
                  { title: "Month (UTC)", heading: true, cell: (month) => month.month },
                  { title: first.name, align: "right", cell: (month) => <Percent value={month.first} tone /> },
                  { title: second.name, align: "right", cell: (month) => <Percent value={month.second} tone /> },
                  { title: "Difference", align: "right", cell: (month) => <Percent value={month.difference} tone /> },
                ]}
              />
            </div>
          )}
        </Stack>
      </div>
      {!brief && found.notes.length > 0 && (
        <ul className="notes">
          {found.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </Stack>
  );
}

/** Shown while the server works: how long it has been at it. */
export function Replaying() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div>
      <Loading what="Both are replayed" lines={4} />
      <Text size="sm" c="dimmed" mt="xs">
        Both are replayed and measured beside trading, at the lowest priority: {seconds} s so far, a few minutes at most.
      </Text>
    </div>
  );
}

function certainty(of: Compared["difference"]["sharpe"]) {
  if (of.low === null || of.high === null) return null;
  if (of.low > 0) return <StatusBadge state="Surely higher" tone="good" size="sm" />;
  if (of.high < 0) return <StatusBadge state="Surely lower" tone="bad" size="sm" />;
  return <StatusBadge state="May be luck" tone="neutral" size="sm" />;
}
