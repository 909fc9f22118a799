import { AppShell, Burger, Group, NavLink } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import { NavLink as RouterLink, Outlet, useLocation } from "react-router";
import { Icon } from "../ui";
import { ModeBadge, RiskBadge } from "./Badges";
import { ConnectionState, StaleBanner } from "./Connection";
import { ExpiredDialog } from "./ExpiredDialog";
import { KillSwitch, StoppedBanner } from "./KillSwitch";
import { loadAllPages, places } from "./places";
import { ClockSwitch, ThemeSwitch } from "./Switches";
import { useKeepLiveState } from "./useLiveState";
import { UserMenu } from "./UserMenu";

const LOAD_OTHERS_AFTER_MS = 4000;

/** What stands around every page. */
export function Frame() {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const here = pathname.split("/")[1] ?? "";
  const before = useRef(here);
  useKeepLiveState();

  useEffect(() => {
    const later = setTimeout(() => void loadAllPages(), LOAD_OTHERS_AFTER_MS);
    return () => clearTimeout(later);
  }, []);

  // Another page: the menu of a phone closes, and screen readers begin at the top of it.
  useEffect(() => {
    if (before.current === here) return;
    before.current = here;
    close();
    window.scrollTo(0, 0);
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [here, close]);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 196, breakpoint: "md", collapsed: { mobile: !isOpen } }}
      padding={{ base: "sm", sm: "md" }}
    >
      <a className="skip-link" href="#main" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </a>
      <AppShell.Header className="bar">
        <Group h="100%" px="sm" gap="xs" wrap="nowrap" justify="space-between">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="md" size="sm" aria-label={isOpen ? "Close the navigation" : "Open the navigation"} />
            <RouterLink to="/live" className="brand wide-only">
              <img src={`${import.meta.env.BASE_URL}icon.svg`} width={26} height={26} alt="" />
              <span>Stevie</span>
            </RouterLink>
            <ModeBadge />
            <RiskBadge />
            <ConnectionState />
          </Group>
          <Group gap={4} wrap="nowrap">
            <KillSwitch />
            <span className="bar-switches">
              <ClockSwitch />
              <ThemeSwitch />
              <UserMenu />
            </span>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" className="nav">
        <nav aria-label="Pages">
          {places.map((place) => (
            <NavLink
              key={place.path}
              component={RouterLink}
              to={`/${place.path}`}
              label={place.title}
              active={here === place.path}
              leftSection={<Icon name={place.icon} />}
              onClick={close}
            />
          ))}
        </nav>
        <div className="nav-foot">
          <ClockSwitch />
          <ThemeSwitch />
          <UserMenu />
        </div>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <StaleBanner />
        <StoppedBanner />
        <Outlet />
      </AppShell.Main>
      <ExpiredDialog />
    </AppShell>
  );
}
