import { Navigate, Route, Routes } from "react-router";
import { PageFrame } from "../ui";
import { ViewTabs } from "../ui/ViewTabs";
import "../performance/performance.css";
import { Compare } from "./Compare";
import { ExperimentPage } from "./ExperimentPage";
import { Experiments } from "./Experiments";
import { ModelPage } from "./ModelPage";
import { Models } from "./Models";
import "./models.css";

const views = [
  { to: "/models", title: "Models", end: true },
  { to: "/models/curves", title: "Curves" },
  { to: "/models/experiments", title: "Experiments" },
];

export default function ModelsPage() {
  return (
    <PageFrame title="Models and experiments" lead="What was trained, searched and judged, from which data, and what came of it.">
      <ViewTabs label="Views of models and experiments" views={views} />
      <Routes>
        <Route index element={<Models />} />
        <Route path="curves" element={<Compare />} />
        <Route path="experiments" element={<Experiments />} />
        <Route path="experiments/:id" element={<ExperimentPage />} />
        <Route path=":id" element={<ModelPage />} />
        <Route path="*" element={<Navigate to="/models" replace />} />
      </Routes>
    </PageFrame>
  );
}
