import { Button } from "@mantine/core";
import { Component, Suspense, type ReactNode } from "react";
import { Fault, Loading, Panel } from "../ui";
import type { places } from "./places";

/** A fault of one page does not take the frame, and so not the kill switch, with it. */
class PageBoundary extends Component<{ children: ReactNode; title: string }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Panel title={`The page ${this.props.title} has a fault`}>
        <Fault error={this.state.error} title="It could not be shown" />
        <Button mt="md" variant="default" onClick={() => location.reload()}>
          Load the page again
        </Button>
      </Panel>
    );
  }
}

export function PagePlace({ place }: { place: (typeof places)[number] }) {
  return (
    <PageBoundary key={place.path} title={place.title}>
      <Suspense fallback={<Loading what={`Loading ${place.title}`} lines={6} />}>
        <place.Page />
      </Suspense>
    </PageBoundary>
  );
}
