import { useQueryClient } from "@tanstack/react-query";
import { refresh, useApi, useLiveTopic, useRefreshOn, type Schema } from "../api";

type LiveState = Schema<"LiveState">;

/** The state with what a pushed `live.state` says. */
export function patched(state: LiveState, data: Record<string, unknown>): LiveState {
  const { positions, parameter_version, feed, ...rest } = data;
  const summary = { ...state.summary };
  for (const [name, value] of Object.entries(rest)) {
    if (name in summary) Object.assign(summary, { [name]: value });
  }
  if (summary.persistence_fault === "") summary.persistence_fault = null;
  if (Array.isArray(positions)) summary.positions = positions.length;
  if (typeof feed === "object" && feed !== null) summary.feed = { ...summary.feed, ...feed };
  return {
    ...state,
    summary,
    parameter_version: typeof parameter_version === "number" ? parameter_version : state.parameter_version,
    risk: { ...state.risk, state: summary.risk_state, why: summary.risk_why },
  };
}

/** GET /api/live/state: what the loop, its risk engine and its account come to; the frame keeps it up to date. */
export function useLiveState() {
  return useApi("/api/live/state", undefined, { refetchInterval: 10_000 });
}

/** Puts what is pushed into the state; once for the whole page, by the frame. */
export function useKeepLiveState(): void {
  const client = useQueryClient();
  useLiveTopic("live", (event) => {
    if (event.kind !== "live.state") return;
    // From reading the account to trading, or to the end: figures of the risk engine that are not pushed changed with it.
    const known = client.getQueryData<LiveState>(["/api/live/state", {}]);
    if (known && known.summary.text !== event.data.text) refresh(client, ["/api/live/state"]);
    client.setQueryData<LiveState>(["/api/live/state", {}], (old) => old && patched(old, event.data));
  });
  useRefreshOn(["risk", "parameters"], ["/api/live/state"], { everyMs: 500 });
}
