import { Empty, PageFrame } from "../ui";

export default function TrainingPage() {
  return (
    <PageFrame title="Training">
      <Empty title="Nothing here yet" />
    </PageFrame>
  );
}
