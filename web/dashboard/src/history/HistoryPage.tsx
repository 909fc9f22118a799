import { Empty, PageFrame } from "../ui";

export default function HistoryPage() {
  return (
    <PageFrame title="History">
      <Empty title="Nothing here yet" />
    </PageFrame>
  );
}
