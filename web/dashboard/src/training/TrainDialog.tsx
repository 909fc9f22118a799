import { Autocomplete, MultiSelect, NativeSelect, SimpleGrid, Stack, Switch, Text } from "@mantine/core";
import { useChange } from "../api";
import { format } from "../ui";
import { OptionalNumber, SessionDialog, whenItRuns, type SessionDialogProps, type StartLimits } from "./SessionDialog";
import { fileFault, FileOption, numberFault } from "./StartDialog";

const whats = ["ppo", "dqn", "bootstrap", "clone", "ensemble"] as const;
type What = (typeof whats)[number];

/** What a person typed for the training of an agent; kept while the page is open, also what another choice does not ask for. */
export interface TrainOptions {
  what: What;
  file: string;
  numbers: Partial<Record<string, number | string>>;
  from: string;
  expert: string;
  augment: string[];
  curriculum: boolean;
}

export const noTraining: TrainOptions = { what: "ppo", file: "", numbers: {}, from: "", expert: "", augment: [], curriculum: false };

interface WhatWords {
  kind: "train" | "bootstrap" | "clone" | "ensemble";
  label: string;
  text: string;
  numbers: readonly string[];
  /** practises episodes that may be augmented or come by the curriculum */
  practises?: boolean;
}

const judged = "The best policy on the second part of the bars is kept, and it is judged on the last part.";
const learns: Record<What, WhatWords> = {
  ppo: { kind: "train", label: "PPO, one policy", text: `It learns by trial on the first part of the bars. ${judged}`, numbers: ["steps", "seed"], practises: true },
  dqn: { kind: "train", label: "DQN, one policy", text: `It learns from a memory of its own steps on the first part of the bars. ${judged}`, numbers: ["steps", "seed"], practises: true },
  bootstrap: {
    kind: "bootstrap",
    label: "PPO and DQN over several seeds",
    text: "Every training learns on the first part of the bars; the one that does best on the second part is chosen, and all are judged once on the last part, so that luck shows.",
    numbers: ["steps", "seeds", "seed"],
    practises: true,
  },
  clone: {
    kind: "clone",
    label: "A clone of an expert",
    text: "It learns to do what the expert does on the first part of the bars, stops by the second part, and stands beside the expert on the last part.",
    numbers: ["epochs", "folds", "seed"],
  },
  ensemble: {
    kind: "ensemble",
    label: "An ensemble of policies",
    text: "Members that differ learn on the first part of the bars and are weighed on the second part; together they are judged on the last part.",
    numbers: ["members", "steps", "seed"],
  },
};

interface NumberWords {
  label: string;
  text: string;
  least: number;
  most: number;
}

const MOST_STEPS = 1e9;
const numberWords: Record<string, NumberWords> = {
  steps: { label: "Steps", text: "A step is one decision on one bar.", least: 1, most: MOST_STEPS },
  seed: { label: "Seed", text: "The same seed gives the same agent.", least: 0, most: 2_147_483_647 },
  seeds: { label: "Seeds", text: "Trainings of each algorithm.", least: 1, most: 1000 },
  members: { label: "Members", text: "Policies to train.", least: 1, most: 32 },
  epochs: { label: "Epochs", text: "Passes over the bars at most; it ends earlier by itself.", least: 1, most: 10_000 },
  folds: { label: "Blocks of time", text: "Of the cross-validation, 2 or more; 0: none.", least: 0, most: 100 },
};

function wordsOfNumber(what: What, name: string): NumberWords {
  const words = numberWords[name]!;
  if (name === "seed" && what === "bootstrap") return { ...words, label: "First seed", text: "The others count up from it." };
  if (name === "steps" && (what === "bootstrap" || what === "ensemble")) return { ...words, text: `Of each ${what === "ensemble" ? "member" : "training"}. ${words.text}` };
  return words;
}

const techniques = [
  { value: "noise", label: "Noise on prices" },
  { value: "volume", label: "Volume scaled" },
  { value: "shift", label: "Level of price shifted" },
  { value: "volatility", label: "Volatility changed" },
  { value: "warp", label: "Time stretched" },
  { value: "bootstrap", label: "Blocks drawn anew" },
];

/** Key and default of each number of the choice, as the server tells them. */
function numbersOf(what: What, limits?: StartLimits) {
  const { kind } = learns[what];
  return limits?.trainings.find((one) => one.kind === kind && (kind !== "train" || one.algorithm === what))?.numbers ?? [];
}

export type TrainFaults = Partial<Record<string, string>>;

/** What is wrong with each field; empty: nothing. */
export function trainFaults(options: TrainOptions, limits?: StartLimits): TrainFaults {
  const faults: TrainFaults = {};
  const words = learns[options.what];
  const file = options.file.trim();
  const traded = limits?.data.filter((one) => one.traded).length;
  if (file !== "") {
    const fault = fileFault(file);
    if (fault) faults.file = fault;
  } else if (traded !== undefined && traded !== 1) {
    faults.file = traded === 0 ? "The server trades on no file of bars: name one." : "The server trades on several files, and a training takes one: name it.";
  }
  for (const name of words.numbers) {
    const { least, most } = wordsOfNumber(options.what, name);
    const fault = numberFault(options.numbers[name] ?? "", least, most, true);
    if (fault) faults[name] = fault;
    else if (name === "folds" && String(options.numbers[name]) === "1") faults[name] = "One block cannot be tested by the others: 2 or more, or 0.";
  }
  const model = words.kind === "train" ? options.from.trim() : words.kind === "clone" ? options.expert.trim() : "";
  if (model !== "" && model !== "rsi-ma" && (fileFault(model) || !model.endsWith(".zip")))
    faults[words.kind === "train" ? "from" : "expert"] = "A model file (.zip) of the list, or nothing.";
  return faults;
}

/** The body of the call: what was left empty is left out, and the configuration holds. */
export function trainBody(options: TrainOptions, reason: string, limits?: StartLimits) {
  const words = learns[options.what];
  const settings: Record<string, string> = {};
  for (const { name, setting } of numbersOf(options.what, limits)) {
    const value = options.numbers[name] ?? "";
    if (words.numbers.includes(name) && value !== "") settings[setting] = String(value);
  }
  const [file, from, expert] = [options.file.trim(), options.from.trim(), options.expert.trim()];
  return {
    kind: words.kind,
    reason,
    settings,
    ...(options.what === "dqn" ? { algorithm: "dqn" as const } : {}),
    ...(file ? { data: [file] } : {}),
    ...(words.kind === "train" && from ? { from } : {}),
    ...(words.kind === "clone" && expert ? { expert } : {}),
    ...(words.practises && options.augment.length > 0 ? { augment: options.augment.join(",") } : {}),
    ...(words.practises && options.curriculum ? { curriculum: true } : {}),
  };
}

export function TrainDialog({ options, setOptions, limits, ...dialog }: SessionDialogProps<TrainOptions>) {
  const start = useChange("post", "/api/rl-training/start", { refreshes: ["/api/sessions", "/api/rl-training/status"] });
  const faults = trainFaults(options, limits);
  const words = learns[options.what];
  const set = (part: Partial<TrainOptions>) => setOptions({ ...options, ...part });
  return (
    <SessionDialog
      {...dialog}
      title="Train an agent"
      faults={faults}
      start={(reason) => start.mutateAsync({ body: trainBody(options, reason, limits) })}
    >
      <Stack gap="sm">
        <NativeSelect
          label="What is trained"
          value={options.what}
          onChange={(event) => set({ what: whats.find((one) => one === event.currentTarget.value) ?? "ppo" })}
          data={whats.map((value) => ({ value, label: learns[value].label }))}
        />
        <Text size="sm">
          {words.text} It changes nothing that trades. {whenItRuns(dialog.isBusy)}
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
        <Numbers options={options} set={set} faults={faults} limits={limits} />
        {words.kind === "clone" && (
          <Autocomplete
            label="Expert"
            description="Whom it imitates. Left empty: rsi-ma, the rules of RSI and two averages; or a model that lies on the server."
            placeholder="rsi-ma"
            value={options.expert}
            onChange={(expert) => set({ expert })}
            data={["rsi-ma", ...(limits?.models ?? [])]}
            error={faults.expert}
          />
        )}
        {words.kind === "train" && (
          <Autocomplete
            label="Start from"
            description="A model that lies on the server, such as a clone. Left empty: random weights."
            value={options.from}
            onChange={(from) => set({ from })}
            data={limits?.models ?? []}
            error={faults.from}
          />
        )}
        {words.practises && <Practice options={options} set={set} />}
      </Stack>
    </SessionDialog>
  );
}

interface FieldProps {
  options: TrainOptions;
  set: (part: Partial<TrainOptions>) => void;
}

function Numbers({ options, set, faults, limits }: FieldProps & { faults: TrainFaults; limits: StartLimits | undefined }) {
  const known = numbersOf(options.what, limits);
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      {learns[options.what].numbers.map((name) => {
        const { label, text } = wordsOfNumber(options.what, name);
        const value = known.find((one) => one.name === name)?.default;
        return (
          <OptionalNumber
            key={name}
            label={label}
            description={`${value === undefined ? "Empty: as configured" : `Empty: ${format.count(value)}`}. ${text}`}
            allowDecimal={false}
            thousandSeparator={name === "steps" ? "," : undefined}
            value={options.numbers[name] ?? ""}
            onChange={(next) => set({ numbers: { ...options.numbers, [name]: next } })}
            error={faults[name]}
          />
        );
      })}
    </SimpleGrid>
  );
}

/** Whether the episodes are changed. Both are off where nobody asks for them: docs/augmentation.md tells what they did on real bars. */
function Practice({ options, set }: FieldProps) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      <MultiSelect
        label="Augmented bars"
        description="Changes to the bars that it practises on, not to those that it is judged on. Empty: none."
        data={techniques}
        value={options.augment}
        onChange={(augment) => set({ augment })}
        clearable
      />
      <Switch
        label="Curriculum"
        description="Calm markets are practised first, turbulent ones last."
        checked={options.curriculum}
        onChange={(event) => set({ curriculum: event.currentTarget.checked })}
      />
    </SimpleGrid>
  );
}
