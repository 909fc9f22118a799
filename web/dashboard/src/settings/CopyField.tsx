import { Button, Group, Textarea } from "@mantine/core";
import { useRef, useState } from "react";
import { Icon } from "../ui";

/** A value to copy. Where the browser gives no clipboard (plain HTTP) it is selected for Ctrl-C. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [says, setSays] = useState("");
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setSays("Copied");
    } catch {
      setSays("Selected: copy with Ctrl-C");
    }
  };
  return (
    <div>
      <Group gap="xs" align="flex-end">
        <Textarea
          ref={field}
          label={label}
          value={value}
          readOnly
          autosize
          minRows={1}
          className="copy-field"
          autoComplete="off"
          spellCheck={false}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button variant="default" onClick={() => void copy()} leftSection={<Icon name={says === "Copied" ? "check" : "copy"} size={16} />}>
          Copy
        </Button>
      </Group>
      <span className="copy-says" role="status">
        {says}
      </span>
    </div>
  );
}
