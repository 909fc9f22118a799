export { api, download, fetchWithToken, type Answer, type Body, type Schema } from "./client";
export { refresh, useApi, useCan, useChange, useLiveTopic, useList, usePulse, useRefreshOn, useSession } from "./hooks";
export { ApiProblem, asProblem } from "./problem";
export type { Role } from "./session";
export type { LiveEvent } from "./socket";
