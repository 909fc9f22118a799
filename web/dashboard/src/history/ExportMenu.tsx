import { Button, Group, Menu, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Fault, Icon } from "../ui";

/** `onExport` makes the file; it is told how to say how far it is, and when to give up. */
export function ExportMenu({
  label,
  formats,
  onExport,
}: {
  label: string;
  formats: { value: string; title: string; text: string }[];
  onExport: (format: string, say: (text: string) => void, signal: AbortSignal) => Promise<string>;
}) {
  const [state, setState] = useState<{ says: string; busy: boolean; error: unknown }>({ says: "", busy: false, error: null });
  const run = useRef<AbortController | null>(null);
  useEffect(() => () => run.current?.abort(), []);
  const start = async (format: string) => {
    const control = new AbortController();
    run.current = control;
    setState({ says: "Reading", busy: true, error: null });
    try {
      const says = await onExport(format, (text) => setState({ says: text, busy: true, error: null }), control.signal);
      setState({ says, busy: false, error: null });
    } catch (error) {
      setState({ says: control.signal.aborted ? "Export cancelled." : "", busy: false, error: control.signal.aborted ? null : error });
    }
  };
  return (
    <>
      <Group gap="sm">
        <Menu position="bottom-end" withinPortal shadow="md">
          <Menu.Target>
            <Button variant="default" size="compact-md" leftSection={<Icon name="download" size={16} />} loading={state.busy}>
              {label}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {formats.map((format) => (
              <Menu.Item key={format.value} onClick={() => void start(format.value)}>
                {format.title}
                <Text size="xs" c="dimmed">
                  {format.text}
                </Text>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        {state.busy && (
          <Button variant="subtle" size="compact-md" onClick={() => run.current?.abort()}>
            Cancel
          </Button>
        )}
        <Text size="sm" c="dimmed" role="status" className="export-says">
          {state.says}
        </Text>
      </Group>
      {state.error !== null && <Fault error={state.error} title="The export did not work" />}
    </>
  );
}
