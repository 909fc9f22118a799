import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import type { Clock } from "./format";

const KEY = "stevie.clock";
const ClockContext = createContext<{ clock: Clock; setClock: (clock: Clock) => void }>({
  clock: "utc",
  setClock: () => undefined,
});

/** Times in UTC, as the server writes them, or in the zone of this computer. */
export function ClockProvider({ children }: { children: ReactNode }) {
  const [clock, set] = useState<Clock>(() => (localStorage.getItem(KEY) === "local" ? "local" : "utc"));
  const setClock = useCallback((next: Clock) => {
    localStorage.setItem(KEY, next);
    set(next);
  }, []);
  const value = useMemo(() => ({ clock, setClock }), [clock, setClock]);
  return <ClockContext.Provider value={value}>{children}</ClockContext.Provider>;
}

export function useClock() {
  return useContext(ClockContext);
}
