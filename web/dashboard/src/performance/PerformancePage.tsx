import { Empty, PageFrame } from "../ui";

export default function PerformancePage() {
  return (
    <PageFrame title="Performance">
      <Empty title="Nothing here yet" />
    </PageFrame>
  );
}
