import { Alert, Box, Button, Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiProblem, asProblem } from "../api/problem";
import { Icon, type IconName } from "./icons";

/** A part of a page: a titled box. `aside`: what stands at the right of the title. */
export function Panel({ title, aside, children, id }: { title: ReactNode; aside?: ReactNode; children: ReactNode; id?: string }) {
  return (
    <Paper component="section" withBorder p="md" radius="md" id={id} className="panel">
      <Group justify="space-between" align="center" mb="sm" gap="xs">
        <Title order={2} size="h4">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Paper>
  );
}

/** Shown while the first answer is awaited; as high as what comes, so that nothing jumps. */
export function Loading({ what = "Loading", lines = 3 }: { what?: string; lines?: number }) {
  return (
    <Stack gap="xs" role="status" aria-busy="true" aria-label={what}>
      {Array.from({ length: lines }, (_, at) => (
        <Skeleton key={at} height={14} width={at === lines - 1 ? "60%" : "100%"} />
      ))}
      <span className="visually-hidden">{what}</span>
    </Stack>
  );
}

/** Nothing there: says so and what to do next. */
export function Empty({ title, children, icon = "info", action }: { title: string; children?: ReactNode; icon?: IconName; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="lg" px="md" className="empty">
      <Icon name={icon} size={28} />
      <Text fw={600} ta="center">
        {title}
      </Text>
      {children && (
        <Text c="dimmed" size="sm" ta="center" maw={480}>
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}

/** A fault: what is wrong, what to do, and where given a button to try again. */
export function Fault({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const problem: ApiProblem = asProblem(error);
  return (
    <Alert className="note" data-tone="bad" icon={<Icon name="warning" />} title={title ?? (problem.title || "That did not work")} role="alert">
      <Stack gap={6}>
        <Text size="sm">{problem.detail}</Text>
        {problem.faults.length > 1 && (
          <ul className="faults">
            {problem.faults.map((fault) => (
              <li key={fault}>{fault}</li>
            ))}
          </ul>
        )}
        {problem.whatToDo && <Text size="sm">{problem.whatToDo}</Text>}
        <Group gap="sm" justify="space-between">
          <Text size="xs" c="dimmed" className="code">
            {problem.code}
            {problem.requestId && ` · request ${problem.requestId}`}
          </Text>
          {retry && (
            <Button size="compact-sm" variant="default" onClick={retry}>
              Try again
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

/** What is shown is old: a note above what it is about. */
export function StaleNote({ children }: { children: ReactNode }) {
  return (
    <Alert className="note" data-tone="warn" icon={<Icon name="wait" />} role="status">
      {children}
    </Alert>
  );
}

/**
 * One of loading, fault, empty or the content of a query. A fault beside an earlier answer is told above it: what was
 * read stays. `isEmpty` and `empty` where an answer can hold nothing.
 */
export function Read<T>({
  query,
  children,
  isEmpty,
  empty,
  lines,
  what,
}: {
  query: Pick<UseQueryResult<T, ApiProblem>, "data" | "error" | "isPending" | "refetch">;
  children: (data: T) => ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  lines?: number;
  what?: string;
}) {
  if (query.data !== undefined) {
    const hasNothing = isEmpty?.(query.data) ?? false;
    return (
      <>
        {query.error && query.error.status !== 0 && query.error.status !== 401 && (
          <Box mb="sm">
            <Fault error={query.error} retry={() => void query.refetch()} title="This could not be read anew" />
          </Box>
        )}
        {hasNothing ? empty : children(query.data)}
      </>
    );
  }
  if (query.error && query.error.status !== 401) return <Fault error={query.error} retry={() => void query.refetch()} />;
  return <Loading what={what} lines={lines} />;
}
