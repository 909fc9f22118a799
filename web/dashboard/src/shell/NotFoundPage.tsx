import { Button } from "@mantine/core";
import { Link } from "react-router";
import { Empty, PageFrame } from "../ui";

export function NotFoundPage() {
  return (
    <PageFrame title="There is no such page">
      <Empty
        title="The address leads nowhere"
        icon="search"
        action={
          <Button component={Link} to="/live" variant="default">
            Go to Live
          </Button>
        }
      >
        It may be mistyped, or of an older version. Everything is in the navigation.
      </Empty>
    </PageFrame>
  );
}
