import { Chip, Group, Slider, Stack, Text } from "@mantine/core";
import { useId, useMemo } from "react";
import { useSearchParams } from "react-router";
import { Empty, format, Icon } from "../ui";
import { useChartColors } from "../ui/chartTheme";
import { LongSeries, type SeriesLine } from "../ui/LongSeries";
import { onOneAxis, smoothed, tagGroups, withoutHoles } from "./series";
import type { Curve } from "./words";

export interface RunCurves {
  id: string;
  name: string;
  curves: Curve[];
}

/** Shown where nobody has chosen: what a training or a search is judged by. */
const usual = [
  "rollout/ep_rew_mean",
  "eval/mean_reward",
  "eval/total_return",
  "train/value_loss",
  "train/policy_gradient_loss",
  "train/entropy_loss",
  "search/best_so_far",
  "search/mean_reward",
];

function written(value: number | null): string {
  if (value === null) return format.MISSING;
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e7)) return value.toExponential(2).replace(/-/g, "\u2212");
  return format.number(value, { digits: size >= 1000 ? 0 : size >= 10 ? 1 : 4 });
}

function TagChart({ tag, name, runs, weight, sync }: { tag: string; name: string; runs: readonly RunCurves[]; weight: number; sync: string }) {
  const colors = useChartColors();
  const { x, lines } = useMemo(() => {
    const own = runs.flatMap((run, at) => {
      const curve = run.curves.find((each) => each.tag === tag);
      return curve ? [{ run, curve, color: colors.series[at % colors.series.length]! }] : [];
    });
    const axis = onOneAxis(own.map(({ curve }) => curve));
    const several = runs.length > 1;
    const drawn = own.flatMap(({ run, curve, color }, at): SeriesLine[] => {
      const label = several ? run.name : name;
      const raw = withoutHoles(axis.x, axis.values[at]!);
      if (weight <= 0) return [{ label, values: raw, color }];
      const smooth = onOneAxis([{ steps: axis.x, values: [] }, { steps: curve.steps, values: smoothed(curve.values, weight) }]).values[1]!;
      return [
        { label, values: withoutHoles(axis.x, smooth), color },
        { label: `${label}, as measured`, values: raw, color: `${color}66` },
      ];
    });
    return { x: axis.x, lines: drawn };
  }, [runs, tag, name, weight, colors]);
  const points = Math.max(0, ...runs.flatMap((run) => run.curves.filter((curve) => curve.tag === tag).map((curve) => curve.points)));
  return (
    <div className="tag-chart">
      <Text fw={600} size="sm">
        {name}
      </Text>
      <Text size="xs" c="dimmed" className="code">
        {tag}
        {points === 1 && ", one point"}
      </Text>
      <LongSeries
        x={x}
        lines={lines}
        xKind="number"
        xLabel={tag.startsWith("search/") ? "Episode" : "Step"}
        height={200}
        write={written}
        syncKey={sync}
        description={`${name} of ${runs.length === 1 ? "the run" : `${runs.length} runs`}`}
      />
    </div>
  );
}

/**
 * Curves of runs, one chart a tag, as in TensorBoard: tags to choose, smoothing, one axis for all (a zoom or the cursor in
 * one is that of all). What is chosen stands in the address.
 */
export function CurveCharts({ runs, empty, note }: { runs: readonly RunCurves[]; empty: string; note?: string }) {
  const [search, setSearch] = useSearchParams();
  const sync = useId();
  const groups = useMemo(() => tagGroups(runs.flatMap((run) => run.curves)), [runs]);
  const all = groups.flatMap((group) => group.tags);
  const weight = Math.min(0.99, Math.max(0, Number(search.get("smooth") ?? 0) || 0));
  const asked = search.get("tags")?.split(",") ?? usual;
  const chosen = all.filter(({ tag }) => asked.includes(tag));
  const shown = chosen.length > 0 || search.has("tags") ? chosen : all.slice(0, 4);
  const put = (name: string, value: string | null) =>
    setSearch(
      (now) => {
        if (value === null) now.delete(name);
        else now.set(name, value);
        return now;
      },
      { replace: true },
    );
  if (all.length === 0)
    return (
      <Empty title="No curves" icon="chart">
        {empty}
      </Empty>
    );
  const choose = (tags: string[]) => put("tags", tags.join(","));
  return (
    <Stack gap="md">
      <div className="curve-controls">
        <div>
          {groups.map((group) => (
            <Chip.Group key={group.group} multiple value={shown.map(({ tag }) => tag)} onChange={(own) => {
              const others = shown.map(({ tag }) => tag).filter((tag) => !group.tags.some((each) => each.tag === tag));
              choose([...others, ...own.filter((tag) => group.tags.some((each) => each.tag === tag))]);
            }}>
              <div className="tag-row" role="group" aria-label={`Curves of ${group.group}`}>
                <Text size="sm" fw={600}>
                  {format.words(group.group)}
                </Text>
                <Group gap={6}>
                  {group.tags.map(({ tag, name }) => (
                    <Chip key={tag} value={tag} size="xs" variant="outline">
                      {name}
                    </Chip>
                  ))}
                </Group>
              </div>
            </Chip.Group>
          ))}
        </div>
        <div className="smoothing">
          <Text size="sm" fw={600} id={`${sync}-smoothing`}>
            Smoothing {format.number(weight, { digits: 2 })}
          </Text>
          <Slider
            min={0}
            max={0.99}
            step={0.01}
            label={null}
            value={weight}
            onChange={(value) => put("smooth", value === 0 ? null : String(value))}
            thumbProps={{ "aria-labelledby": `${sync}-smoothing` }}
          />
          <Text size="xs" c="dimmed" mt={4}>
            Weight of what came before, 0 to 0.99, as in TensorBoard. What was measured stays as a pale line.
          </Text>
        </div>
      </div>
      {shown.length === 0 ? (
        <Text size="sm">Choose a tag above.</Text>
      ) : (
        <div className="tag-charts">
          {shown.map(({ tag, name }) => (
            <TagChart key={tag} tag={tag} name={name} runs={runs} weight={weight} sync={sync} />
          ))}
        </div>
      )}
      <Text size="xs" c="dimmed">
        <Icon name="info" size={12} /> {note && `${note} `}Long curves are thinned out, with their extremes kept. Drag across a chart to zoom all of them,
        double click to see everything.
      </Text>
    </Stack>
  );
}
