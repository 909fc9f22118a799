import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, useEffect, useState } from "react";
import { BrowserRouter, Navigate, Route, Routes } from "react-router";
import { useSession } from "../api/hooks";
import { ApiProblem } from "../api/problem";
import { session } from "../api/session";
import { ClockProvider, Loading, StaleNote } from "../ui";
import { ConnectionProvider } from "./Connection";
import { Frame } from "./Frame";
import { LoginPage } from "./LoginPage";
import { NotFoundPage } from "./NotFoundPage";
import { PagePlace } from "./PagePlace";
import { BASE, places } from "./places";
import { SetupPage } from "./SetupPage";
import { cspNonce } from "./nonce";
import { cssVariables, theme } from "./theme";

// Only while one works on the page; a build has no trace of it.
const PiecesPage = import.meta.env.DEV ? lazy(() => import("../testing/PiecesPage")) : null;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        gcTime: 120_000,
        refetchOnWindowFocus: false,
        networkMode: "always", // the server may be this machine, whatever the browser thinks of the network
        retry: (count, error) => count < 2 && error instanceof ApiProblem && error.status >= 500 && error.status !== 503,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}

const SAY_SO_AFTER_MS = 2000;

/** While the server is asked who this is; it may be away. */
function Starting() {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SAY_SO_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main className="centered">
      {isSlow ? (
        <StaleNote>The server does not answer. This page tries again every second, and you stay logged in.</StaleNote>
      ) : (
        <Loading what="Asking the server who you are" />
      )}
    </main>
  );
}

function Content() {
  const { state } = useSession();
  if (state === "starting") return <Starting />;
  if (state === "anonymous") {
    return (
      <Routes>
        <Route path="/setup" element={<SetupPage />} />
        <Route path="*" element={<LoginPage />} />
      </Routes>
    );
  }
  return (
    <ConnectionProvider>
      <Routes>
        <Route element={<Frame />}>
          <Route index element={<Navigate to="/live" replace />} />
          <Route path="/setup" element={<Navigate to="/live" replace />} />
          {places.map((place) => (
            <Route key={place.path} path={`/${place.path}/*`} element={<PagePlace place={place} />} />
          ))}
          {PiecesPage && (
            <Route path="/pieces" element={<PagePlace place={{ path: "pieces", title: "Pieces", icon: "info", Page: PiecesPage }} />} />
          )}
          <Route path="*" element={<NotFoundPage />} />
        </Route>
      </Routes>
    </ConnectionProvider>
  );
}

export function App() {
  const [client] = useState(makeQueryClient);
  const { name } = useSession();
  useEffect(() => void session.start(), []);
  // What one person has read is not shown to the next.
  useEffect(() => {
    if (name === "") client.clear();
  }, [client, name]);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" getStyleNonce={cspNonce}>
      <QueryClientProvider client={client}>
        <ClockProvider>
          <BrowserRouter basename={BASE}>
            <Content />
          </BrowserRouter>
        </ClockProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
