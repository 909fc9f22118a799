import { Button, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Answer } from "../api";
import type { ApiProblem } from "../api/problem";
import { Fault, Icon } from "../ui";
import { ComparisonReport, Replaying } from "./Comparison";
import type { Difference, Scope } from "./values";

type Replay = Answer<"post", "/api/parameters/compare">;

/** What typed values would have come to on the last bars, before they are sent. */
export function DraftReplay({ changes, scope }: { changes: readonly Difference[]; scope: Scope }) {
  const values = Object.fromEntries(changes.map((change) => [change.name, change.to]));
  const body = {
    values,
    ...(scope.symbol ? { layer: { symbol: scope.symbol }, symbol: scope.symbol } : scope.regime ? { layer: { regime: scope.regime } } : {}),
  };
  const wanted = JSON.stringify(body);
  const [asked, setAsked] = useState<string | null>(null);
  const query = useQuery<Replay, ApiProblem>({
    queryKey: ["/api/parameters/compare", "draft", wanted],
    queryFn: ({ signal }) => api.post("/api/parameters/compare", body, undefined, { signal }),
    enabled: asked === wanted,
    refetchInterval: ({ state }) => (state.data?.state === "working" ? 1000 : false),
    staleTime: 60_000,
  });
  if (asked !== wanted) {
    return (
      <Stack gap={4} align="flex-start">
        <Button variant="default" size="compact-md" leftSection={<Icon name="performance" size={16} />} onClick={() => setAsked(wanted)}>
          Replay it on past bars first
        </Button>
        <Text size="xs" c="dimmed">
          What runs and what is typed, over the last 8,760 bars. It changes nothing.
        </Text>
      </Stack>
    );
  }
  if (query.error && query.error.status !== 401) return <Fault error={query.error} retry={() => void query.refetch()} />;
  if (!query.data?.comparison) return <Replaying />;
  return <ComparisonReport found={query.data.comparison} brief />;
}
