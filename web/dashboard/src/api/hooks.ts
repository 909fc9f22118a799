/** How pages read and change: see README.md of this folder's parent. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type QueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from "react";
import { api, newKey, type Answer, type Body, type Method, type PathOf, type Place } from "./client";
import type { ApiProblem } from "./problem";
import { pulse, type PulseView } from "./pulse";
import { mayAct, session, type Role, type SessionView } from "./session";
import type { LiveEvent, LiveSocket } from "./socket";

export const SocketContext = createContext<LiveSocket | null>(null);

export function useSession(): SessionView {
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

/** Whether whoever is logged in may do what needs this role: a control that the server would refuse is not shown. */
export function useCan(least: Role): boolean {
  return mayAct(useSession().role, least);
}

/** Whether the server answers, and when it last did. */
export function usePulse(): PulseView {
  return useSyncExternalStore(pulse.subscribe, pulse.snapshot);
}

interface ReadOptions {
  enabled?: boolean;
  /** ms; only where nothing is pushed */
  refetchInterval?: number | false;
  /** ms for which an answer counts as fresh */
  staleTime?: number;
  /** Shows the answer to the query before until the new one is here. */
  keepPrevious?: boolean;
}

/** Reads a GET route: `useApi("/api/live/decisions", { query: { limit: 50 } })`. Key of the cache: [path, place]. */
export function useApi<P extends PathOf<"get">>(
  path: P,
  place?: Place<"get", P>,
  options: ReadOptions = {},
): UseQueryResult<Answer<"get", P>, ApiProblem> {
  const { keepPrevious, ...rest } = options;
  return useQuery<Answer<"get", P>, ApiProblem>({
    queryKey: [path, place ?? {}],
    queryFn: ({ signal }) =>
      (api.get as (path: P, place: unknown, options: object) => Promise<Answer<"get", P>>)(path, place, { signal }),
    ...rest,
    ...(keepPrevious ? { placeholderData: keepPreviousData } : {}),
  });
}

type Listed<P extends PathOf<"get">> = Answer<"get", P> extends { items: (infer Item)[] } ? Item : never;

/** Reads a list page by page. `items` holds all pages that were read; `more()` reads the next. */
export function useList<P extends PathOf<"get">>(path: P, place?: Place<"get", P>, options: { enabled?: boolean } = {}) {
  type Page = { items: Listed<P>[]; next_cursor: string | null };
  const query = useInfiniteQuery<Page, ApiProblem, { pages: Page[] }, unknown[], string | null>({
    queryKey: [path, place ?? {}, "list"],
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) => {
      const asked = { ...place, query: { ...(place?.query ?? {}), ...(pageParam ? { cursor: pageParam } : {}) } };
      return (api.get as (path: P, place: unknown, options: object) => Promise<unknown>)(path, asked, {
        signal,
      }) as Promise<Page>;
    },
    getNextPageParam: (last) => last.next_cursor,
    ...options,
  });
  return {
    query,
    items: query.data?.pages.flatMap((page) => page.items) ?? [],
    hasMore: query.hasNextPage,
    more: () => void query.fetchNextPage(),
    isReadingMore: query.isFetchingNextPage,
  };
}

/** Reads these paths anew wherever they are shown, with whatever parameters. */
export function refresh(client: QueryClient, paths: readonly string[]): void {
  void client.invalidateQueries({ predicate: (query) => paths.includes(String(query.queryKey[0])) });
}

/**
 * A changing call: `const stop = useChange("post", "/api/sessions/{id}/stop", { refreshes: ["/api/sessions"] })`, then
 * `await stop.mutateAsync({ path: { id }, body: { reason } })`. Tried again with the same content after a fault of the
 * connection it carries the same Idempotency-Key: it acts once.
 */
export function useChange<M extends Exclude<Method, "get">, P extends PathOf<M>>(
  method: M,
  path: P,
  options: { refreshes?: PathOf<"get">[]; onDone?: (answer: Answer<M, P>) => void } = {},
) {
  const client = useQueryClient();
  const tried = useRef<{ content: string; key: string } | null>(null);
  type Variables = { path?: Place<M, P>["path"]; query?: Place<M, P>["query"]; body?: Body<M, P> };
  return useMutation<Answer<M, P>, ApiProblem, Variables>({
    mutationFn: async (variables) => {
      const content = JSON.stringify(variables ?? {});
      if (tried.current?.content !== content) tried.current = { content, key: newKey() };
      const place = { path: variables?.path, query: variables?.query };
      const call = { key: tried.current.key };
      try {
        const answer =
          method === "delete"
            ? await (api.delete as (...all: unknown[]) => Promise<unknown>)(path, place, call)
            : await (api[method as "post"] as (...all: unknown[]) => Promise<unknown>)(path, variables?.body, place, call);
        tried.current = null;
        return answer as Answer<M, P>;
      } catch (error) {
        // Answered: the next try is a new one. Not answered: it may have acted, and must not act twice.
        if ((error as ApiProblem).status !== 0) tried.current = null;
        throw error;
      }
    },
    onSuccess: (answer) => {
      if (options.refreshes) refresh(client, options.refreshes);
      options.onDone?.(answer);
    },
  });
}

/** Calls `handle` for every pushed event of these topics while the component is shown. */
export function useLiveTopic(topics: string | readonly string[], handle: (event: LiveEvent) => void): void {
  const socket = useContext(SocketContext);
  const latest = useRef(handle);
  useEffect(() => {
    latest.current = handle;
  });
  const wanted = typeof topics === "string" ? topics : topics.join(" ");
  useEffect(() => {
    const names = new Set(wanted.split(" "));
    return socket?.onEvent((event) => {
      if (names.has(event.topic)) latest.current(event);
    });
  }, [socket, wanted]);
}

/** Reads `paths` anew when one of the topics has news, at most every `everyMs`. */
export function useRefreshOn(
  topics: string | readonly string[],
  paths: readonly PathOf<"get">[],
  { everyMs = 1000, when }: { everyMs?: number; when?: (event: LiveEvent) => boolean } = {},
): void {
  const client = useQueryClient();
  const due = useRef<ReturnType<typeof setTimeout> | null>(null);
  const last = useRef(0);
  const wanted = useRef(paths);
  useEffect(() => {
    wanted.current = paths;
  });
  useEffect(
    () => () => {
      if (due.current) clearTimeout(due.current);
      due.current = null;
    },
    [],
  );
  useLiveTopic(topics, (event) => {
    if (due.current || (when && !when(event))) return;
    const wait = Math.max(0, last.current + everyMs - Date.now());
    due.current = setTimeout(() => {
      due.current = null;
      last.current = Date.now();
      refresh(client, wanted.current);
    }, wait);
  });
}
