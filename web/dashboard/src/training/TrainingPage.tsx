import { Route, Routes } from "react-router";
import "./training.css";
import { Overview } from "./Overview";
import { SessionPage } from "./SessionPage";
import { useSessionNews } from "./sessions";

/** /training: what runs, the scenarios, all sessions. /training/ID: one of them. */
export default function TrainingPage() {
  useSessionNews();
  return (
    <Routes>
      <Route index element={<Overview />} />
      <Route path=":id" element={<SessionPage />} />
    </Routes>
  );
}
