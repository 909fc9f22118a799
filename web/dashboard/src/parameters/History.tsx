import { Button, Group, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useLocation } from "react-router";
import { useApi, useCan, useChange, useList } from "../api";
import { Empty, Icon, Panel, Read, ReasonDialog, TimeText } from "../ui";
import { ChangeTable } from "./ChangeTable";
import { differencesOf, everyParameterPath, type Version } from "./values";
import { VersionCard } from "./VersionCard";

/** All versions as a timeline, newest first. */
export function History() {
  const mayAct = useCan("operator");
  const { hash } = useLocation();
  const marked = /^#version-(\d+)$/.exec(hash)?.[1];
  const list = useList("/api/parameters/history", { query: { limit: 15 } });
  const newest = list.items[0];
  const [asked, setAsked] = useState<Version | null>(null);
  const [isOpen, setOpen] = useState(false);
  const rollback = useChange("post", "/api/parameters/rollback", { refreshes: [...everyParameterPath] });

  // A link to one version: pages are read until it is there.
  const oldest = list.items[list.items.length - 1]?.version;
  const isMissing = marked !== undefined && oldest !== undefined && Number(marked) < oldest;
  const { hasMore, more, isReadingMore } = list;
  useEffect(() => {
    if (isMissing && hasMore && !isReadingMore) more();
  }, [isMissing, hasMore, isReadingMore, more]);
  useEffect(() => {
    if (marked !== undefined && !isMissing) document.getElementById(`version-${marked}`)?.scrollIntoView({ block: "center" });
  }, [marked, isMissing, newest === undefined]); // eslint-disable-line react-hooks/exhaustive-deps

  return (
    <Panel title="Versions, newest first">
      <Read query={list.query} what="Reading the history" lines={8} isEmpty={() => list.items.length === 0} empty={<Empty title="No versions yet" />}>
        {() => (
          <Stack gap="md">
            <ol className="timeline">
              {list.items.map((version) => (
                <VersionCard
                  key={version.version}
                  version={version}
                  inForce={version.version === newest?.version}
                  isMarked={String(version.version) === marked}
                  onRollBack={
                    mayAct && newest && version.hash !== newest.hash
                      ? () => {
                          setAsked(version);
                          setOpen(true);
                        }
                      : undefined
                  }
                />
              ))}
            </ol>
            {list.hasMore && (
              <Group>
                <Button variant="default" size="compact-md" onClick={list.more} loading={list.isReadingMore} leftSection={<Icon name="down" size={16} />}>
                  Show older versions
                </Button>
              </Group>
            )}
          </Stack>
        )}
      </Read>
      {asked && newest && (
        <RollBackDialog
          key={asked.version}
          to={asked}
          opened={isOpen}
          onClose={() => setOpen(false)}
          onConfirm={(reason) => rollback.mutateAsync({ body: { version: asked.version, reason } })}
        />
      )}
    </Panel>
  );
}

function RollBackDialog({ to, opened, onClose, onConfirm }: { to: Version; opened: boolean; onClose: () => void; onConfirm: (reason: string) => Promise<unknown> }) {
  const current = useApi("/api/parameters", undefined, { enabled: opened });
  return (
    <ReasonDialog opened={opened} onClose={onClose} title={`Roll back to version ${to.version}`} confirm={`Roll back to version ${to.version}`} onConfirm={onConfirm}>
      <Stack gap="sm">
        <Text size="sm">
          A new version with the content of version {to.version} (of <TimeText value={to.time} />, by {to.author.name}) is in force from the next bar on. Nothing
          is taken from the history.
        </Text>
        {current.data && <ChangeTable label="What the roll back changes" changes={differencesOf(current.data.layers, to.layers)} />}
      </Stack>
    </ReasonDialog>
  );
}
