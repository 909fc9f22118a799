import { ActionIcon, Button, Menu, useMantineColorScheme } from "@mantine/core";
import { Icon, useClock, type IconName } from "../ui";

const themes: { value: "auto" | "light" | "dark"; label: string; icon: IconName }[] = [
  { value: "auto", label: "As the system", icon: "auto" },
  { value: "light", label: "Light", icon: "sun" },
  { value: "dark", label: "Dark", icon: "moon" },
];

export function ThemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const now = themes.find((entry) => entry.value === colorScheme) ?? themes[0]!;
  return (
    <Menu position="bottom-end" withinPortal shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" className="bar-button" aria-label={`Colours: ${now.label}`} title={`Colours: ${now.label}`}>
          <Icon name={now.icon} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {themes.map((entry) => (
          <Menu.Item
            key={entry.value}
            leftSection={<Icon name={entry.icon} />}
            rightSection={entry.value === colorScheme ? <Icon name="check" size={16} /> : undefined}
            onClick={() => setColorScheme(entry.value)}
          >
            {entry.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function ClockSwitch() {
  const { clock, setClock } = useClock();
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-md"
      className="bar-button"
      leftSection={<Icon name="clock" />}
      onClick={() => setClock(clock === "utc" ? "local" : "utc")}
      aria-label={clock === "utc" ? "Times are UTC; show local time" : "Times are local; show UTC"}
      title={clock === "utc" ? "Times are UTC; show local time" : "Times are local; show UTC"}
    >
      {clock === "utc" ? "UTC" : "Local"}
    </Button>
  );
}
