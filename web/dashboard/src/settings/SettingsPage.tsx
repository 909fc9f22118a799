import { Tabs } from "@mantine/core";
import type { ComponentType } from "react";
import { Navigate, Route, Routes, useLocation, useNavigate } from "react-router";
import { useSession, type Role } from "../api";
import { mayAct } from "../api/session";
import { Icon, PageFrame, type IconName } from "../ui";
import { AboutSection } from "./AboutSection";
import { AccountSection } from "./AccountSection";
import { ConfigurationSection } from "./ConfigurationSection";
import { KeysSection } from "./KeysSection";
import { LimitsSection } from "./LimitsSection";
import { NotificationsSection } from "./NotificationsSection";
import "./settings.css";
import { UsersSection } from "./UsersSection";

/** `least`: the role that the server asks for; nobody below it sees the section. */
export const sections: { path: string; title: string; icon: IconName; least: Role; Section: ComponentType }[] = [
  { path: "account", title: "Account", icon: "user", least: "viewer", Section: AccountSection },
  { path: "users", title: "Users", icon: "user", least: "admin", Section: UsersSection },
  { path: "keys", title: "API keys", icon: "key", least: "viewer", Section: KeysSection },
  { path: "notifications", title: "Notifications", icon: "open", least: "operator", Section: NotificationsSection },
  { path: "limits", title: "Limits", icon: "shield", least: "viewer", Section: LimitsSection },
  { path: "configuration", title: "Configuration", icon: "settings", least: "admin", Section: ConfigurationSection },
  { path: "about", title: "About", icon: "info", least: "viewer", Section: AboutSection },
];

/** Mounted at /settings/*: one section at a time. */
export default function SettingsPage() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const { role } = useSession();
  const shown = sections.filter((section) => mayAct(role, section.least));
  const here = pathname.split("/").filter(Boolean).at(-1);
  const tab = shown.find((section) => section.path === here)?.path ?? "account";
  return (
    <PageFrame title="Settings" lead="Who may do what, where messages go, and what the server was told.">
      <Tabs value={tab} onChange={(value) => void navigate(`/settings/${value}`)} keepMounted={false} className="settings-tabs">
        <Tabs.List mb="md">
          {shown.map((section) => (
            <Tabs.Tab key={section.path} value={section.path} leftSection={<Icon name={section.icon} size={16} />}>
              {section.title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <Routes>
            <Route index element={<Navigate to="/settings/account" replace />} />
            {shown.map(({ path, Section }) => (
              <Route key={path} path={path} element={<Section />} />
            ))}
            <Route path="*" element={<Navigate to="/settings/account" replace />} />
          </Routes>
        </Tabs.Panel>
      </Tabs>
    </PageFrame>
  );
}
