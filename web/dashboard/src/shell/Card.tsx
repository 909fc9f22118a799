import { Paper, Text, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";

/** The page before one is logged in. */
export function Card({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Stevie`;
  }, [title]);
  return (
    <main className="centered">
      <Paper withBorder p="xl" radius="lg" className="panel login-card">
        <div className="brand">
          <img src={`${import.meta.env.BASE_URL}icon.svg`} width={32} height={32} alt="" />
          <span>Stevie</span>
        </div>
        <Title order={1} size="h3">
          {title}
        </Title>
        {lead && (
          <Text c="dimmed" size="sm" mb="md">
            {lead}
          </Text>
        )}
        {children}
      </Paper>
    </main>
  );
}
