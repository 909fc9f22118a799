import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import { askWhetherItLives } from "../api/pulse";
import type { IconName } from "../ui";

export const BASE = "/dashboard/stevie-training";

export interface PlaceOfPage {
  path: string;
  title: string;
  icon: IconName;
  Page: LazyExoticComponent<ComponentType>;
}

const TRY_AGAIN_AFTER_MS = 1000;

/** What `load` fetches. While the server does not answer it is asked for again, so that a page opened meanwhile comes by itself. */
export async function onceFetched<T>(load: () => Promise<T>, answers: () => Promise<void>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((done) => setTimeout(done, TRY_AGAIN_AFTER_MS));
      // Answered: the last try, for what fails now is not the server's absence.
      if (await answers().then(() => true, () => false)) return load();
    }
  }
}

const page = (load: () => Promise<{ default: ComponentType }>) => lazy(() => onceFetched(load, askWhetherItLives));

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
  { path: "live", title: "Live", icon: "live", Page: page(loads.live) },
  { path: "training", title: "Training", icon: "training", Page: page(loads.training) },
  { path: "parameters", title: "Parameters", icon: "parameters", Page: page(loads.parameters) },
  { path: "history", title: "History", icon: "history", Page: page(loads.history) },
  { path: "performance", title: "Performance", icon: "performance", Page: page(loads.performance) },
  { path: "models", title: "Models", icon: "models", Page: page(loads.models) },
  { path: "settings", title: "Settings", icon: "settings", Page: page(loads.settings) },
];

/** Fetches the other pages while nobody waits: they open at once, and while the server is away too. */
export async function loadAllPages(): Promise<void> {
  for (const load of Object.values(loads)) await load().catch(() => undefined);
}
