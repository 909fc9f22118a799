/** Calls of the server's API, typed by its OpenAPI document (schema.d.ts, made by `npm run types`). */
import { ApiProblem, problemOf, unreachable } from "./problem";
import { pulse } from "./pulse";
import type { components, paths } from "./schema";
import { session } from "./session";

/** A named schema: `Schema<"LiveState">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

export type Method = "get" | "post" | "put" | "patch" | "delete";
/** Paths that know a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends PathOf<M>> = paths[P][M];
type JsonOf<R> = R extends { content: { "application/json": infer Body } } ? Body : never;
type Success<R> =
  | (R extends { 200: infer A } ? JsonOf<A> : never)
  | (R extends { 201: infer A } ? JsonOf<A> : never)
  | (R extends { 202: infer A } ? JsonOf<A> : never);
/** What a call answers. */
export type Answer<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer R } ? Success<R> : never;

type Parameters<O, Where extends string> = O extends { parameters: { [W in Where]?: infer Q } }
  ? [Exclude<Q, undefined>] extends [never]
    ? object
    : Exclude<Q, undefined>
  : object;
export type Body<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { requestBody: { content: { "application/json": infer B } } }
    ? B
    : Operation<M, P> extends { requestBody?: { content: { "application/json": infer B } } }
      ? B | undefined
      : undefined;
type NeverEmpty<T> = keyof T extends never ? { [none: string]: never } : T;

/** `path` for what stands in {} of the path, `query` for what follows "?". */
export type Place<M extends Method, P extends PathOf<M>> = (keyof Parameters<Operation<M, P>, "path"> extends never
  ? { path?: undefined }
  : { path: Parameters<Operation<M, P>, "path"> }) & { query?: NeverEmpty<Parameters<Operation<M, P>, "query">> };

export interface CallOptions {
  signal?: AbortSignal;
  /** Idempotency-Key of a changing call; made where left out. Give one to try the same call again. */
  key?: string;
}

export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The address of a call. Parameters that are undefined, null or "" are left out. */
export function addressOf(template: string, place: { path?: object; query?: object } = {}): string {
  const values = (place.path ?? {}) as Record<string, unknown>;
  const address = template.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(place.query ?? {})) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? address : `${address}?${text}`;
}

/** fetch with the access token, which is renewed once where it no longer holds. Throws ApiProblem. */
export async function fetchWithToken(address: string, init: RequestInit = {}): Promise<Response> {
  const ask = async (): Promise<Response> => {
    const headers = new Headers(init.headers);
    const token = session.token();
    if (token) headers.set("Authorization", `Bearer ${token}`);
    try {
      const response = await fetch(address, { cache: "no-store", ...init, headers });
      pulse.heard();
      return response;
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw unreachable();
    }
  };
  const used = session.token();
  let response = await ask();
  if (response.status === 401) {
    // Another call may have renewed it while this one was under way.
    const renewed = (used !== null && session.token() !== null && session.token() !== used) || (await session.renew());
    if (renewed) response = await ask();
    if (response.status === 401) {
      session.expire();
      throw new ApiProblem({
        status: 401,
        code: "api.unauthenticated",
        title: "Logged out",
        detail: "Your login has ended.",
        what_to_do: "Log in and try again: nothing that you typed is lost.",
      });
    }
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function call(
  method: Method,
  template: string,
  place: { path?: object; query?: object } | undefined,
  body: unknown,
  options: CallOptions = {},
): Promise<unknown> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "get") headers["Idempotency-Key"] = options.key ?? newKey();
  const init: RequestInit = { method: method.toUpperCase(), headers, signal: options.signal ?? null };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const response = await fetchWithToken(addressOf(template, place), init);
  if (response.status === 204) return undefined;
  const type = response.headers.get("Content-Type") ?? "";
  return type.includes("json") ? response.json() : response.text();
}

type Rest<M extends Method, P extends PathOf<M>> = keyof Parameters<Operation<M, P>, "path"> extends never
  ? [place?: Place<M, P>, options?: CallOptions]
  : [place: Place<M, P>, options?: CallOptions];

/**
 * `api.get("/api/live/decisions", { query: { limit: 50 } })`,
 * `api.post("/api/sessions/{id}/stop", { reason }, { path: { id } })`.
 * Answers are those of the OpenAPI document; every fault is an ApiProblem.
 */
export const api = {
  get: <P extends PathOf<"get">>(path: P, ...[place, options]: Rest<"get", P>) =>
    call("get", path, place, undefined, options) as Promise<Answer<"get", P>>,
  post: <P extends PathOf<"post">>(path: P, body: Body<"post", P>, ...[place, options]: Rest<"post", P>) =>
    call("post", path, place, body, options) as Promise<Answer<"post", P>>,
  put: <P extends PathOf<"put">>(path: P, body: Body<"put", P>, ...[place, options]: Rest<"put", P>) =>
    call("put", path, place, body, options) as Promise<Answer<"put", P>>,
  patch: <P extends PathOf<"patch">>(path: P, body: Body<"patch", P>, ...[place, options]: Rest<"patch", P>) =>
    call("patch", path, place, body, options) as Promise<Answer<"patch", P>>,
  delete: <P extends PathOf<"delete">>(path: P, ...[place, options]: Rest<"delete", P>) =>
    call("delete", path, place, undefined, options) as Promise<Answer<"delete", P>>,
};

/** A file of the API (export, report, model) that the browser saves. */
export async function download(address: string, name: string): Promise<void> {
  const response = await fetchWithToken(address);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
