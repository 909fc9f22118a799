import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useApi, useRefreshOn } from "../api";
import { Icon, useClock } from "../ui";
import { addressOf, fieldOf, noFilters, periods, timeOf, type Filters, type Period } from "./filters";
import { kindChoices } from "./kinds";

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
  const kinds = useApi("/api/ledger/kinds", undefined, { staleTime: 10_000 });
  useRefreshOn("ledger", ["/api/ledger/kinds"], { everyMs: 30_000 });
  const zone = clock === "utc" ? "UTC" : "local time";
  const isFiltered = Object.keys(addressOf(filters)).length > 0;
  const stepsAreAsked = filters.kind !== "" && filters.kind !== "live.";
  return (
    <div className="filters" role="search" aria-label="Filters of the events">
      <Select
        label="Kind"
        data={kindChoices(kinds.data?.items, filters.kind)}
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
