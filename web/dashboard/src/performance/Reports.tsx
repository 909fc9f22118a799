import { Text } from "@mantine/core";
import { useList } from "../api";
import { Bytes, Empty, PagedTable, Panel, Read, TimeText } from "../ui";
import { OpenReport } from "./OpenReport";

export function Reports() {
  const list = useList("/api/reports", { query: { limit: 50 } });
  return (
    <Panel title="Reports of evaluations">
      <Text size="sm" mb="sm">
        Pages that trainings, evaluations and backtests wrote, newest first. Each opens in a tab of its own, which can reach neither this page nor any
        other server.
      </Text>
      <Read query={list.query} lines={5}>
        {() => (
          <PagedTable
            label="Reports"
            rows={list.items}
            keyOf={(report) => report.id}
            columns={[
              { title: "Report", heading: true, cell: (report) => <span className="code">{report.name}</span> },
              { title: "Written", cell: (report) => <TimeText value={report.modified} part="minute" /> },
              { title: "Size", align: "right", cell: (report) => <Bytes value={report.bytes} /> },
              { title: "Open", cell: (report) => <OpenReport id={report.id} name={report.name} compact /> },
            ]}
            hasMore={list.hasMore}
            more={list.more}
            isReadingMore={list.isReadingMore}
            empty={
              <Empty title="No report yet">
                A training session leaves one, and so do <span className="code">stevie evaluate --out</span> and{" "}
                <span className="code">stevie backtest --out</span>.
              </Empty>
            }
          />
        )}
      </Read>
    </Panel>
  );
}
