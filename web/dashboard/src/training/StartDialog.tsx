import { SimpleGrid, Stack, Switch, TagsInput, Text } from "@mantine/core";
import { useChange } from "../api";
import { format } from "../ui";
import { OptionalNumber, SessionDialog, whenItRuns, type SessionDialogProps, type StartLimits } from "./SessionDialog";
import type { Scenario } from "./sessions";

/** What a person typed for a scenario; kept while the page is open, also when the dialog was closed. */
export interface StartOptions {
  data: string[];
  minutes: number | string;
  episodes: number | string;
  seed: number | string;
  dryRun: boolean;
}

export const noOptions: StartOptions = { data: [], minutes: "", episodes: "", seed: "", dryRun: false };

const FILE = /^[A-Za-z0-9_./-]{1,200}$/;

/** What is wrong with the path of a file of bars, or undefined. */
export function fileFault(file: string): string | undefined {
  return FILE.test(file) ? undefined : `“${file}” is no path of a bar file: letters, digits, and _ . / - only.`;
}

/** What is wrong with a number that may be left out, or undefined. */
export function numberFault(value: number | string, least: number, most: number, whole: boolean): string | undefined {
  if (value === "") return undefined;
  const number = Number(value);
  if (Number.isFinite(number) && number >= least && number <= most && (!whole || Number.isInteger(number))) return undefined;
  return `${whole ? "A whole number" : "A number"} from ${least} to ${most.toLocaleString("en-US")}, or nothing.`;
}

/** What is wrong with each field; empty: nothing. */
export function optionFaults(options: StartOptions, limits?: StartLimits): Partial<Record<keyof StartOptions, string>> {
  const faults: Partial<Record<keyof StartOptions, string>> = {};
  const bad = options.data.map(fileFault).find((fault) => fault !== undefined);
  if (bad !== undefined) faults.data = bad;
  const minutes = numberFault(options.minutes, limits?.minutes.min ?? 0.01, limits?.minutes.max ?? 10_080, false);
  const episodes = numberFault(options.episodes, limits?.episodes.min ?? 1, limits?.episodes.max ?? 10_000, true);
  const seed = numberFault(options.seed, 0, 2_147_483_647, true);
  if (minutes) faults.minutes = minutes;
  if (episodes) faults.episodes = episodes;
  if (seed) faults.seed = seed;
  return faults;
}

/** The body of the call: what was left empty is left out, and the scenario's own limits hold. */
export function bodyOf(options: StartOptions, reason: string, limits?: StartLimits) {
  const number = (value: number | string) => (value === "" ? undefined : Number(value));
  return {
    reason,
    dry_run: options.dryRun,
    ...(options.data.length > 0 ? { data: options.data } : {}),
    ...(options.minutes !== "" ? { minutes: number(options.minutes) } : {}),
    ...(options.episodes !== "" ? { episodes: number(options.episodes) } : {}),
    ...(options.seed !== "" ? { settings: { [limits?.seed.setting ?? "optimize.seed"]: String(options.seed) } } : {}),
  };
}

export function StartDialog({ scenario, options, setOptions, limits, ...dialog }: SessionDialogProps<StartOptions> & { scenario: Scenario }) {
  const start = useChange("post", "/api/rl-training/scenarios/{id}/start", {
    refreshes: ["/api/sessions", "/api/rl-training/status"],
  });
  const faults = optionFaults(options, limits);
  const set = (part: Partial<StartOptions>) => setOptions({ ...options, ...part });
  return (
    <SessionDialog
      {...dialog}
      title={`Start: ${scenario.title}`}
      faults={faults}
      start={(reason) => start.mutateAsync({ path: { id: scenario.id }, body: bodyOf(options, reason, limits) })}
    >
      <Stack gap="sm">
        <Text size="sm">
          {scenario.purpose} {whenItRuns(dialog.isBusy)}
        </Text>
        <TagsInput
          label="Bar files"
          description="Left empty: the bars that the server trades on. Choose from the list, or type a path and press Enter."
          placeholder={options.data.length === 0 ? "data/BTCUSDT_1h.csv.gz" : undefined}
          value={options.data}
          onChange={(data) => set({ data })}
          data={limits?.data.map((one) => one.file) ?? []}
          renderOption={({ option }) => <FileOption file={limits?.data.find((one) => one.file === option.value)} name={option.value} />}
          error={faults.data}
          acceptValueOnBlur
          clearable
          clearButtonProps={{ "aria-label": "Take all files away" }}
        />
        <SimpleGrid cols={3} spacing="sm">
          <OptionalNumber
            label="Minutes"
            description={`Empty: ${format.number(scenario.minutes, { digits: 0 })}`}
            value={options.minutes}
            onChange={(minutes) => set({ minutes })}
            error={faults.minutes}
          />
          <OptionalNumber
            label="Episodes"
            description={`Empty: ${scenario.episodes}`}
            allowDecimal={false}
            value={options.episodes}
            onChange={(episodes) => set({ episodes })}
            error={faults.episodes}
          />
          <OptionalNumber
            label="Seed"
            description={`Empty: ${limits?.seed.default ?? 1}`}
            min={0}
            allowDecimal={false}
            value={options.seed}
            onChange={(seed) => set({ seed })}
            error={faults.seed}
          />
        </SimpleGrid>
        <Switch
          label="Dry run"
          description={
            options.dryRun
              ? "Whatever the gate says, the parameters stay as they are."
              : "Off: what the gate approves is in force from the next bar on."
          }
          checked={options.dryRun}
          onChange={(event) => set({ dryRun: event.currentTarget.checked })}
        />
      </Stack>
    </SessionDialog>
  );
}

export function FileOption({ file, name }: { file: StartLimits["data"][number] | undefined; name: string }) {
  return (
    <div className="file-option">
      <span>{name}</span>
      {file && (
        <Text span size="xs" c="dimmed">
          {format.bytes(file.bytes)}
          {file.traded && ", traded on"}
        </Text>
      )}
    </div>
  );
}
