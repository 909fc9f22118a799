import type { Role, Server } from "./server";

export interface View {
  /** of the picture */
  name: string;
  path: string;
  /** a heading by which it is told from the view before; DIALOG: one is open */
  shows: string;
  /** the role that finds it; absent: everybody */
  least?: Role;
}

export const DIALOG = "(dialog)";

/** Every page and every view that has an address, with things of this server opened. */
export async function viewsOf(server: Pick<Server, "get">): Promise<View[]> {
  const sessions = await server.get<{ items: { id: string }[] }>("/api/sessions?limit=1");
  const models = await server.get<{ items: { id: string }[] }>("/api/models");
  const experiments = await server.get<{ items: { id: string; kind: string }[] }>("/api/experiments");
  const events = await server.get<{ items: { sequence: number }[] }>("/api/ledger/events?limit=1&kind=parameters.version");
  const decisions = await server.get<{ items: { number: number }[] }>("/api/live/decisions?limit=1&wanted=true");
  const of = (path: string, found: { id?: string; sequence?: number; number?: number } | undefined) =>
    found && `${path}${found.id ?? found.sequence ?? found.number}`;
  const views: [name: string, path: string | undefined, shows: string, least?: Role][] = [
    ["live", "/live", "Positions and orders"],
    ["live-decision", of("/live?decision=", decisions.items[0]), DIALOG],
    ["training", "/training", "Scenarios"],
    ["training-session", of("/training/", sessions.items[0]), "Verdict of the gate"],
    ["parameters", "/parameters", "Values for all symbols and regimes"],
    ["parameters-regime", "/parameters?regime=volatile", "Values for a volatile market"],
    ["parameters-history", "/parameters/history", "Versions, newest first"],
    ["parameters-compare", "/parameters/compare?from=1", "Compare two versions"],
    ["parameters-proposals", "/parameters/proposals", "What searches proposed"],
    ["history", "/history", "The chain"],
    ["history-event", of("/history/", events.items[0]), DIALOG],
    ["history-sessions", "/history/sessions", "Training sessions"],
    ["performance", "/performance", "Against buy and hold"],
    ["performance-calendar", "/performance/calendar", "Months"],
    ["performance-groups", "/performance/groups", "Closed trades by what they have in common"],
    ["performance-decisions", "/performance/decisions", "Why it decided as it did"],
    ["performance-trades", "/performance/trades", "Trades"],
    ["performance-reports", "/performance/reports", "Reports of evaluations"],
    ["models", "/models", "Trained models"],
    ["models-model", of("/models/", models.items[0]), "Curves of the training"],
    ["models-curves", "/models/curves", "Runs"],
    ["models-experiments", "/models/experiments", "Experiments"],
    ["models-experiment", of("/models/experiments/", experiments.items[0]), "Figures"],
    ["settings", "/settings/account", "You"],
    ["settings-users", "/settings/users", "Users", "admin"],
    ["settings-keys", "/settings/keys", "API keys"],
    ["settings-notifications", "/settings/notifications", "Delivery log", "operator"],
    ["settings-limits", "/settings/limits", "Limits of the risk engine"],
    ["settings-configuration", "/settings/configuration", "Configuration in force", "admin"],
    ["settings-about", "/settings/about", "This server"],
    ["not-found", "/nowhere", "There is no such page"],
  ];
  const missing = views.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0) throw new Error(`there is nothing to show for: ${missing.join(", ")}`);
  return views.map(([name, path, shows, least]) => ({ name, path: path!, shows, least }));
}
