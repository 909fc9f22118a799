import { Alert, Button, FileButton, Stack, Text } from "@mantine/core";
import { useRef, useState } from "react";
import { download, useChange } from "../api";
import { Fault, Icon, ReasonDialog, TimeText } from "../ui";
import { ChangeTable } from "./ChangeTable";
import { differencesOf, everyParameterPath, type Layers } from "./values";

export function ExportButton({ version, size = "compact-md" }: { version: number; size?: "compact-sm" | "compact-md" }) {
  const [error, setError] = useState<unknown>(null);
  return (
    <>
      <Button
        variant="default"
        size={size}
        leftSection={<Icon name="download" size={14} />}
        aria-label={`Export version ${version}`}
        onClick={() => {
          setError(null);
          download(`/api/parameters/export?version=${version}`, `stevie-parameters-${version}.json`).catch(setError);
        }}
      >
        Export
      </Button>
      {error !== null && <Fault error={error} />}
    </>
  );
}

interface Read {
  name: string;
  content: Record<string, unknown>;
  layers: Layers;
}

/** What an exported file holds, or what is wrong with it. The server looks at it again, hash included. */
export function readExport(name: string, text: string): Read | string {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return `${name} is no JSON. Choose a file that Export saved.`;
  }
  const file = content as Record<string, unknown> | null;
  const layers = (file as { layers?: Partial<Layers> } | null)?.layers;
  if (typeof file !== "object" || file === null || file.format !== "stevie parameters" || typeof layers?.global !== "object")
    return `${name} holds no parameters. Choose a file that Export saved.`;
  return { name, content: file, layers: layers as Layers };
}

export function ImportButton({ current }: { current: Layers }) {
  const [read, setRead] = useState<Read | null>(null);
  const [opened, setOpened] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const reset = useRef<() => void>(null);
  const change = useChange("post", "/api/parameters/import", { refreshes: [...everyParameterPath] });

  const choose = async (file: File | null) => {
    reset.current?.();
    if (!file) return;
    const found = readExport(file.name, await file.text());
    if (typeof found === "string") return setFault(found);
    setFault(null);
    setRead(found);
    setOpened(true);
  };
  const changes = read ? differencesOf(current, read.layers) : [];
  const said = read?.content as { version?: number; time?: string; author?: string; reason?: string } | undefined;
  return (
    <>
      <FileButton accept="application/json,.json" onChange={(file) => void choose(file)} resetRef={reset}>
        {(props) => (
          <Button {...props} variant="default" size="compact-md" leftSection={<Icon name="open" size={16} />}>
            Import
          </Button>
        )}
      </FileButton>
      {fault && (
        <Alert color="red" variant="light" icon={<Icon name="warning" />} role="alert" withCloseButton onClose={() => setFault(null)} closeButtonLabel="Close">
          {fault}
        </Alert>
      )}
      <ReasonDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title={`Import ${read?.name ?? ""}`}
        confirm="Put it in force"
        canConfirm={changes.length > 0}
        onConfirm={(reason) => change.mutateAsync({ body: { parameters: read!.content as Record<string, never>, reason } })}
      >
        <Stack gap="sm">
          {said && (
            <Text size="sm">
              The file says: version {said.version ?? "?"} by {said.author ?? "?"}
              {said.time && (
                <>
                  , <TimeText value={said.time} />
                </>
              )}
              {said.reason && `: ${said.reason}`}. Whoever imports it answers for it; the server checks that it was not changed.
            </Text>
          )}
          {changes.length > 0 ? <ChangeTable label="What the import changes" changes={changes} /> : <Text size="sm">It holds what is in force already: there is nothing to import.</Text>}
        </Stack>
      </ReasonDialog>
    </>
  );
}
