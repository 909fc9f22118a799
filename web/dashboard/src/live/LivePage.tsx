import { Empty, PageFrame } from "../ui";

export default function LivePage() {
  return (
    <PageFrame title="Live">
      <Empty title="Nothing here yet" />
    </PageFrame>
  );
}
