import { Tabs } from "@mantine/core";
import { Navigate, Route, Routes, useLocation, useNavigate } from "react-router";
import { useRefreshOn } from "../api";
import { PageFrame } from "../ui";
import { Compare } from "./Compare";
import { History } from "./History";
import "./parameters.css";
import { Proposals } from "./Proposals";
import { everyParameterPath } from "./values";
import { Values } from "./Values";

const tabs = [
  { path: "values", title: "In force" },
  { path: "history", title: "History" },
  { path: "compare", title: "Compare" },
  { path: "proposals", title: "Proposals" },
];

export default function ParametersPage() {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const here = pathname.split("/")[2] || "values";
  useRefreshOn(["parameters", "sessions"], [...everyParameterPath], { everyMs: 1000, when: (event) => event.kind !== "session.progress" });
  return (
    <PageFrame title="Parameters" lead="The numbers that the rules trade by: which are in force, who put them there and why.">
      <Tabs value={here} onChange={(next) => navigate(next === "values" ? "/parameters" : `/parameters/${next}`)} keepMounted={false}>
        <Tabs.List>
          {tabs.map((tab) => (
            <Tabs.Tab key={tab.path} value={tab.path}>
              {tab.title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map((tab) => (
          <Tabs.Panel key={tab.path} value={tab.path} pt="md">
            {tab.path === here && (
              <Routes>
                <Route index element={<Values />} />
                <Route path="history" element={<History />} />
                <Route path="compare" element={<Compare />} />
                <Route path="proposals" element={<Proposals />} />
                <Route path="*" element={<Navigate to="/parameters" replace />} />
              </Routes>
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </PageFrame>
  );
}
