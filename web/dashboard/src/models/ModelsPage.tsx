import { Empty, PageFrame } from "../ui";

export default function ModelsPage() {
  return (
    <PageFrame title="Models and experiments">
      <Empty title="Nothing here yet" />
    </PageFrame>
  );
}
