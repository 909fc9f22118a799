import { Tabs } from "@mantine/core";
import { Navigate, Route, Routes, useLocation, useNavigate } from "react-router";
import { Icon, PageFrame } from "../ui";
import { EventsTab } from "./EventsTab";
import "./history.css";
import { SessionsTab } from "./SessionsTab";

/** Mounted at /history/*: the list, /history/12 one event, /history/sessions and /history/sessions/ID. */
export default function HistoryPage() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const tab = /\/sessions(\/|$)/.test(pathname) ? "sessions" : "events";
  return (
    <PageFrame title="History" lead="What happened, in order, and whether it was changed since.">
      <Tabs value={tab} onChange={(value) => void navigate(value === "sessions" ? "/history/sessions" : "/history")} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="events" leftSection={<Icon name="history" size={16} />}>
            Events
          </Tabs.Tab>
          <Tabs.Tab value="sessions" leftSection={<Icon name="training" size={16} />}>
            Sessions
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <Routes>
            <Route index element={<EventsTab />} />
            <Route path="sessions" element={<SessionsTab />} />
            <Route path="sessions/:id" element={<SessionsTab />} />
            <Route path=":number" element={<EventsTab />} />
            <Route path="*" element={<Navigate to="/history" replace />} />
          </Routes>
        </Tabs.Panel>
      </Tabs>
    </PageFrame>
  );
}
