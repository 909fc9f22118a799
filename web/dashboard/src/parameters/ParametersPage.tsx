import { Empty, PageFrame } from "../ui";

export default function ParametersPage() {
  return (
    <PageFrame title="Parameters">
      <Empty title="Nothing here yet" />
    </PageFrame>
  );
}
