import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { SocketContext, usePulse, useSession } from "../api/hooks";
import { askWhetherItLives, pulse } from "../api/pulse";
import { session } from "../api/session";
import { LiveSocket } from "../api/socket";
import { Icon, useClock, format } from "../ui";

function makeSocket(): LiveSocket {
  return new LiveSocket({
    address: () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/ws`,
    token: () => session.token(),
    renew: () => session.renew(),
    poll: askWhetherItLives,
  });
}

/** The WebSocket of the page, and the watch over whether the server answers. */
export function ConnectionProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [socket] = useState(makeSocket);
  const { state, name } = useSession();

  useEffect(() => pulse.start(), []);
  useEffect(() => socket.onRefetch(() => void client.invalidateQueries()), [socket, client]);
  useEffect(() => socket.start(), [socket]);
  useEffect(() => {
    if (state !== "active") return;
    let token = session.token();
    socket.renewed();
    // A person came back: what was refused meanwhile is read again.
    void client.invalidateQueries();
    return session.subscribe(() => {
      if (session.token() === token) return;
      token = session.token();
      if (token) socket.renewed();
    });
  }, [socket, client, state, name]);
  return <SocketContext.Provider value={socket}>{children}</SocketContext.Provider>;
}

/** Across the whole page: the server does not answer, what is shown is old. */
export function StaleBanner() {
  const { state, heardAt } = usePulse();
  const { clock } = useClock();
  const client = useQueryClient();
  // Back again: everything is read anew.
  const [wasStale, setWasStale] = useState(false);
  useEffect(() => {
    if (state === "stale") setWasStale(true);
    else if (state === "live" && wasStale) {
      setWasStale(false);
      void client.invalidateQueries();
    }
  }, [state, wasStale, client]);
  return (
    <div role="alert" className="stale-place">
      {state === "stale" && (
        <div className="banner" data-tone="stale">
          <Icon name="warning" />
          <span className="banner-text">
            <strong>No answer from the server.</strong>{" "}
            {heardAt === null ? "Nothing could be read yet." : `What you see is from ${format.time(heardAt, clock, "time")}.`} Trying
            again.
          </span>
        </div>
      )}
    </div>
  );
}

/** In the header: whether the server answers. */
export function ConnectionState() {
  const { state } = usePulse();
  const looks = {
    connecting: { word: "Connecting", tone: "busy" },
    live: { word: "Connected", tone: "good" },
    stale: { word: "No answer", tone: "bad" },
  } as const;
  const look = looks[state];
  return (
    <span className="connection" data-tone={look.tone} title={look.word}>
      <span className="dot" aria-hidden="true" />
      <span className="connection-word">{look.word}</span>
    </span>
  );
}
