import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Icon, useClock } from "../ui";
import { addressOf, fieldOf, noFilters, periods, timeOf, type Filters, type Period } from "./filters";
import { families, kindTitle } from "./kinds";

const WAIT_MS = 400;

/** A field whose value is used once typing pauses. */
function TypedField({
  label,
  placeholder,
  value,
  onValue,
}: {
  label: string;
  placeholder: string;
  value: string;
  onValue: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  const given = useRef(value);
  const latest = useRef(onValue);
  useEffect(() => {
    latest.current = onValue;
  });
  useEffect(() => {
    if (value !== given.current) setTyped(value);
    given.current = value;
  }, [value]);
  useEffect(() => {
    if (typed === given.current) return;
    const timer = setTimeout(() => {
      given.current = typed;
      latest.current(typed);
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={typed}
      maxLength={200}
      onChange={(event) => setTyped(event.currentTarget.value)}
      leftSection={<Icon name="search" size={16} />}
    />
  );
}

export function EventFilters({ filters, onFilters }: { filters: Filters; onFilters: (filters: Filters) => void }) {
  const { clock } = useClock();
  const change = (part: Partial<Filters>) => onFilters({ ...filters, ...part });
  const known = families.flatMap((family) => [family.prefix, ...family.kinds.map(({ kind }) => kind)]);
  const kinds = [
    { group: "Everything", items: [{ value: "", label: "All kinds" }] },
    ...(filters.kind && !known.includes(filters.kind)
      ? [{ group: "From the address", items: [{ value: filters.kind, label: filters.kind }] }]
      : []),
    ...families.map((family) => ({
      group: family.title,
      items: [
        ...(family.kinds.length > 1 || filters.kind === family.prefix ? [{ value: family.prefix, label: kindTitle(family.prefix) }] : []),
        ...family.kinds.map(({ kind, title }) => ({ value: kind, label: title })),
      ],
    })),
  ];
  const zone = clock === "utc" ? "UTC" : "local time";
  const isFiltered = Object.keys(addressOf(filters)).length > 0;
  const stepsAreAsked = filters.kind !== "" && filters.kind !== "live.";
  return (
    <div className="filters" role="search" aria-label="Filters of the events">
      <Select
        label="Kind"
        data={kinds}
        value={filters.kind}
        onChange={(kind) => change({ kind: kind ?? "" })}
        searchable
        allowDeselect={false}
        maxDropdownHeight={360}
        comboboxProps={{ shadow: "md" }}
      />
      <Select
        label="Time"
        data={[
          { value: "", label: "Any time" },
          ...Object.entries(periods).map(([value, { title }]) => ({ value, label: title })),
          { value: "between", label: "From … to …" },
        ]}
        value={filters.period}
        onChange={(period) => change({ period: (period ?? "") as Period, ...(period === "between" ? {} : { from: "", to: "" }) })}
        allowDeselect={false}
        comboboxProps={{ shadow: "md" }}
      />
      {filters.period === "between" && (
        <>
          <TextInput
            type="datetime-local"
            label={`From, ${zone}`}
            className="filters-wide"
            value={fieldOf(filters.from, clock)}
            onChange={(event) => change({ from: timeOf(event.currentTarget.value, clock) })}
          />
          <TextInput
            type="datetime-local"
            label={`Before, ${zone}`}
            className="filters-wide"
            value={fieldOf(filters.to, clock)}
            onChange={(event) => change({ to: timeOf(event.currentTarget.value, clock) })}
          />
        </>
      )}
      <TypedField label="By" placeholder="ada" value={filters.author} onValue={(author) => change({ author })} />
      <TypedField label="Text" placeholder="any text" value={filters.text} onValue={(text) => change({ text })} />
      <div className="filters-foot">
        <Checkbox
          label="With trading steps"
          description="One for each bar on which something changed"
          checked={filters.steps || filters.kind === "live.step"}
          disabled={stepsAreAsked}
          onChange={(event) => change({ steps: event.currentTarget.checked })}
        />
        {isFiltered && (
          <Button variant="subtle" size="compact-md" leftSection={<Icon name="cross" size={16} />} onClick={() => onFilters(noFilters)}>
            No filters
          </Button>
        )}
      </div>
    </div>
  );
}
