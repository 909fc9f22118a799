import { ActionIcon, Popover, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Icon } from "./icons";

/** A question mark that explains something: opened by click, Enter or Space, closed by Escape. */
export function Help({ about, children }: { about: string; children: ReactNode }) {
  return (
    <Popover width={280} position="top" withArrow shadow="md" withinPortal>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" radius="xl" aria-label={`What is ${about}?`} ml={4} className="help">
          <Icon name="help" size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm" component="div">
          {children}
        </Text>
      </Popover.Dropdown>
    </Popover>
  );
}
