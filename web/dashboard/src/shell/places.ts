import { lazy } from "react";
import type { IconName } from "../ui";

export const BASE = "/dashboard/stevie-training";

/** The pages, in the order of the navigation; each is a chunk of its own. */
export const places: { path: string; title: string; icon: IconName; Page: React.LazyExoticComponent<React.ComponentType> }[] = [
  { path: "live", title: "Live", icon: "live", Page: lazy(() => import("../live/LivePage")) },
  { path: "training", title: "Training", icon: "training", Page: lazy(() => import("../training/TrainingPage")) },
  { path: "parameters", title: "Parameters", icon: "parameters", Page: lazy(() => import("../parameters/ParametersPage")) },
  { path: "history", title: "History", icon: "history", Page: lazy(() => import("../history/HistoryPage")) },
  { path: "performance", title: "Performance", icon: "performance", Page: lazy(() => import("../performance/PerformancePage")) },
  { path: "models", title: "Models", icon: "models", Page: lazy(() => import("../models/ModelsPage")) },
  { path: "settings", title: "Settings", icon: "settings", Page: lazy(() => import("../settings/SettingsPage")) },
];
