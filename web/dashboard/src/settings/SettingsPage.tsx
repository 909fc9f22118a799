import { Empty, PageFrame } from "../ui";

export default function SettingsPage() {
  return (
    <PageFrame title="Settings">
      <Empty title="Nothing here yet" />
    </PageFrame>
  );
}
