import { Button, Menu } from "@mantine/core";
import { Link } from "react-router";
import { useSession } from "../api";
import { session } from "../api/session";
import { format, Icon } from "../ui";

export function UserMenu() {
  const { name, role } = useSession();
  return (
    <Menu position="bottom-end" withinPortal shadow="md">
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-md" leftSection={<Icon name="user" />} aria-label={`User ${name}`} className="bar-button">
          <span className="wide-only">{name}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name}, {role && format.words(role).toLowerCase()}
        </Menu.Label>
        <Menu.Item leftSection={<Icon name="key" />} component={Link} to="/settings/account">
          Change password
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="info" />} component={Link} to="/settings/about">
          About
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="cross" />} onClick={() => void session.logOut()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
