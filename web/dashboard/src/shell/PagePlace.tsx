import { Button, Text } from "@mantine/core";
import { Component, Suspense, type ReactNode } from "react";
import { Fault, Loading, Panel } from "../ui";
import type { PlaceOfPage } from "./places";

/** A fault of one page does not take the frame, and so not the kill switch, with it. */
class PageBoundary extends Component<{ children: ReactNode; title: string }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    // A chunk that cannot be fetched: the server is away, or was updated and has it under another name.
    const isMissing = error instanceof TypeError && /import|module/i.test(error.message);
    return (
      <Panel title={isMissing ? `${this.props.title} could not be loaded` : `The page ${this.props.title} has a fault`}>
        {isMissing ? (
          <Text size="sm">The server does not answer, or was updated since this page was opened. Load the page again once it answers.</Text>
        ) : (
          <Fault error={error} title="It could not be shown" />
        )}
        <Button mt="md" variant="default" onClick={() => location.reload()}>
          Load the page again
        </Button>
      </Panel>
    );
  }
}

export function PagePlace({ place }: { place: PlaceOfPage }) {
  return (
    <PageBoundary key={place.path} title={place.title}>
      <Suspense fallback={<Loading what={`Loading ${place.title}`} lines={6} />}>
        <place.Page />
      </Suspense>
    </PageBoundary>
  );
}
