import { Select } from "@mantine/core";
import { memo } from "react";
import { Navigate, Route, Routes, useSearchParams } from "react-router";
import { useLiveState } from "../shell/useLiveState";
import { PageFrame } from "../ui";
import { ViewTabs } from "../ui/ViewTabs";
import { Calendar } from "./Calendar";
import { Decisions } from "./Decisions";
import { Groups } from "./Groups";
import { Overview } from "./Overview";
import "./performance.css";
import { Reports } from "./Reports";
import { Trades } from "./Trades";

const views = [
  { to: "/performance", title: "Overview", end: true },
  { to: "/performance/calendar", title: "Days and months" },
  { to: "/performance/groups", title: "By kind of trade" },
  { to: "/performance/decisions", title: "Decisions" },
  { to: "/performance/trades", title: "Trades" },
  { to: "/performance/reports", title: "Reports" },
];

/** Not drawn anew with every step of the live loop, of which the page wants the symbols only. */
const View = memo(function View({ symbol }: { symbol?: string }) {
  return (
    <Routes>
      <Route index element={<Overview symbol={symbol} />} />
      <Route path="calendar" element={<Calendar symbol={symbol} />} />
      <Route path="groups" element={<Groups symbol={symbol} />} />
      <Route path="decisions" element={<Decisions symbol={symbol} />} />
      <Route path="trades" element={<Trades symbol={symbol} />} />
      <Route path="reports" element={<Reports />} />
      <Route path="*" element={<Navigate to="/performance" replace />} />
    </Routes>
  );
});

export default function PerformancePage() {
  const symbols = useLiveState().data?.summary.symbols ?? [];
  const [search, setSearch] = useSearchParams();
  const asked = search.get("symbol");
  const symbol = asked && symbols.includes(asked) ? asked : undefined;
  const suffix = symbol ? `?symbol=${encodeURIComponent(symbol)}` : "";
  return (
    <PageFrame
      title="Performance"
      lead="How good the trading is, over the whole life of the account, and how sure that is."
      aside={
        symbols.length > 1 && (
          <Select
            aria-label="Symbol"
            w={190}
            data={[{ value: "", label: "Whole account" }, ...symbols.map((name) => ({ value: name, label: name }))]}
            value={symbol ?? ""}
            allowDeselect={false}
            onChange={(value) =>
              setSearch((now) => {
                if (value) now.set("symbol", value);
                else now.delete("symbol");
                return now;
              })
            }
          />
        )
      }
    >
      <ViewTabs label="Views of the performance" views={views.map((view) => ({ ...view, to: view.to + suffix }))} />
      <View symbol={symbol} />
    </PageFrame>
  );
}
