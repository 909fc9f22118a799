/** The two routes of the charts, typed by the server's document. */
import { addressOf, fetchWithToken, type Answer, type Schema } from "../api/client";

export type LiveBars = Answer<"get", "/api/live/bars">;
export type Trade = Schema<"Trade">;

async function get(path: string, place: object, options: { signal?: AbortSignal }): Promise<unknown> {
  return (await fetchWithToken(addressOf(path, place), { signal: options.signal ?? null })).json();
}
export const chartApi = {
  bars: (place: { query: object }, options: { signal?: AbortSignal }) => get("/api/live/bars", place, options) as Promise<LiveBars>,
  trades: (place: { query: object }, options: { signal?: AbortSignal }) =>
    get("/api/live/trades", place, options) as Promise<{ items: Trade[]; next_cursor: string | null }>,
};
