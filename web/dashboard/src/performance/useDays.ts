import { useEffect } from "react";
import { useList } from "../api";

/** All periods from `from` (ms) on, newest first; pages are read until they are there. */
export function usePeriods(by: "day" | "month", { symbol, from = 0, enabled = true }: { symbol?: string; from?: number; enabled?: boolean }) {
  const list = useList("/api/performance/periods", { query: { by, limit: 500, symbol } }, { enabled });
  const { items, hasMore, isReadingMore, more, query } = list;
  const oldest = items.at(-1);
  const isShort = hasMore && oldest !== undefined && Date.parse(oldest.from) > from;
  useEffect(() => {
    if (isShort && !isReadingMore && !query.error) more();
  }, [isShort, isReadingMore, query.error, more]);
  return { ...list, isComplete: query.data !== undefined && !isShort };
}
