import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import type { IconName } from "../ui";

export const BASE = "/dashboard/stevie-training";

export interface PlaceOfPage {
  path: string;
  title: string;
  icon: IconName;
  Page: LazyExoticComponent<ComponentType>;
}

const loads = {
  live: () => import("../live/LivePage"),
  training: () => import("../training/TrainingPage"),
  parameters: () => import("../parameters/ParametersPage"),
  history: () => import("../history/HistoryPage"),
  performance: () => import("../performance/PerformancePage"),
  models: () => import("../models/ModelsPage"),
  settings: () => import("../settings/SettingsPage"),
};

/** The pages, in the order of the navigation; each is a chunk of its own. */
export const places: PlaceOfPage[] = [
  { path: "live", title: "Live", icon: "live", Page: lazy(loads.live) },
  { path: "training", title: "Training", icon: "training", Page: lazy(loads.training) },
  { path: "parameters", title: "Parameters", icon: "parameters", Page: lazy(loads.parameters) },
  { path: "history", title: "History", icon: "history", Page: lazy(loads.history) },
  { path: "performance", title: "Performance", icon: "performance", Page: lazy(loads.performance) },
  { path: "models", title: "Models", icon: "models", Page: lazy(loads.models) },
  { path: "settings", title: "Settings", icon: "settings", Page: lazy(loads.settings) },
];

/** Fetches the other pages while nobody waits: they open at once, and while the server is away too. */
export async function loadAllPages(): Promise<void> {
  for (const load of Object.values(loads)) await load().catch(() => undefined);
}
