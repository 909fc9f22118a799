import { Autocomplete, SimpleGrid, Stack, Text } from "@mantine/core";
import { useChange } from "../api";
import { format } from "../ui";
import { OptionalNumber, SessionDialog, whenItRuns, type SessionDialogProps, type StartLimits } from "./SessionDialog";
import { fileFault, FileOption, numberFault } from "./StartDialog";

/** What a person typed for the training of an agent; kept while the page is open. */
export interface TrainOptions {
  file: string;
  steps: number | string;
  seed: number | string;
}

export const noTraining: TrainOptions = { file: "", steps: "", seed: "" };

const MOST_STEPS = 1e9;

/** What is wrong with each field; empty: nothing. */
export function trainFaults(options: TrainOptions, limits?: StartLimits): Partial<Record<keyof TrainOptions, string>> {
  const faults: Partial<Record<keyof TrainOptions, string>> = {};
  const file = options.file.trim();
  const traded = limits?.data.filter((one) => one.traded).length;
  if (file !== "") {
    const fault = fileFault(file);
    if (fault) faults.file = fault;
  } else if (traded !== undefined && traded !== 1) {
    faults.file = traded === 0 ? "The server trades on no file of bars: name one." : "The server trades on several files, and a training takes one: name it.";
  }
  const steps = numberFault(options.steps, 1, MOST_STEPS, true);
  const seed = numberFault(options.seed, 0, 2_147_483_647, true);
  if (steps) faults.steps = steps;
  if (seed) faults.seed = seed;
  return faults;
}

/** The body of the call: what was left empty is left out, and the configuration holds. */
export function trainBody(options: TrainOptions, reason: string, limits?: StartLimits) {
  const settings: Record<string, string> = {};
  if (options.steps !== "") settings[limits?.training.timesteps.setting ?? "train.total_timesteps"] = String(options.steps);
  if (options.seed !== "") settings[limits?.training.seed.setting ?? "ppo.seed"] = String(options.seed);
  const file = options.file.trim();
  return { kind: "train" as const, reason, settings, ...(file ? { data: [file] } : {}) };
}

export function TrainDialog({ options, setOptions, limits, ...dialog }: SessionDialogProps<TrainOptions>) {
  const start = useChange("post", "/api/rl-training/start", { refreshes: ["/api/sessions", "/api/rl-training/status"] });
  const faults = trainFaults(options, limits);
  const set = (part: Partial<TrainOptions>) => setOptions({ ...options, ...part });
  const otherwise = (value: number | undefined) => (value === undefined ? "Empty: as configured" : `Empty: ${format.count(value)}`);
  return (
    <SessionDialog
      {...dialog}
      title="Train an agent"
      faults={faults}
      start={(reason) => start.mutateAsync({ body: trainBody(options, reason, limits) })}
    >
      <Stack gap="sm">
        <Text size="sm">
          It learns on the first part of the bars, the best policy on the second part is kept, and it is judged on the last part. It changes nothing that
          trades. {whenItRuns(dialog.isBusy)}
        </Text>
        <Autocomplete
          label="File of bars"
          description="Left empty: the one that the server trades on. Choose from the list, or type a path."
          placeholder="data/BTCUSDT_1h.csv.gz"
          value={options.file}
          onChange={(file) => set({ file })}
          data={limits?.data.map((one) => one.file) ?? []}
          renderOption={({ option }) => <FileOption file={limits?.data.find((one) => one.file === option.value)} name={option.value} />}
          error={faults.file}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <OptionalNumber
            label="Steps"
            description={`${otherwise(limits?.training.timesteps.default)}. A step is one decision on one bar.`}
            allowDecimal={false}
            thousandSeparator=","
            value={options.steps}
            onChange={(steps) => set({ steps })}
            error={faults.steps}
          />
          <OptionalNumber
            label="Seed"
            description={`${otherwise(limits?.training.seed.default)}. The same seed gives the same agent.`}
            allowDecimal={false}
            value={options.seed}
            onChange={(seed) => set({ seed })}
            error={faults.seed}
          />
        </SimpleGrid>
      </Stack>
    </SessionDialog>
  );
}
