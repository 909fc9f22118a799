import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useRefreshOn, type ApiProblem } from "../api";
import { Duration, Empty, Money, PagedTable, Panel, Percent, Price, Read, TimeText } from "../ui";
import { chartApi, type Trade } from "./chartApi";
import { Side } from "./HoldingsPanel";
import { fillReason, unitsOf } from "./words";

type Page = { items: Trade[]; next_cursor: string | null };

/** Round trips, newest first; each opens the decision that began it. */
export function TradesPanel({ perPage, onDecision, none }: { perPage: number; onDecision: (number: number) => void; none: string }) {
  const query = useInfiniteQuery<Page, ApiProblem, { pages: Page[] }, unknown[], string | null>({
    queryKey: ["/api/live/trades", { query: { limit: perPage } }, "list"],
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) => chartApi.trades({ query: { limit: perPage, cursor: pageParam } }, { signal }),
    getNextPageParam: (last) => last.next_cursor,
  });
  useRefreshOn("fills", ["/api/live/trades" as never], { everyMs: 1500 });
  const trades = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel title="Trades" id="trades" aside={<Link to="/performance" className="link small">How good are they?</Link>}>
      <Read query={query as never} what="Reading the trades">
        {() => (
          <PagedTable
            label="Trades"
            rows={trades}
            keyOf={(trade) => trade.number}
            onOpen={(trade) => trade.decision !== null && onDecision(trade.decision)}
            columns={[
              {
                title: "Trade",
                heading: true,
                cell: (trade) => (
                  <>
                    <b>{trade.symbol}</b>
                    <div className="second">
                      <Side units={trade.side === "short" ? -1 : 1} />
                      {trade.rule !== null && <span className="dimmed">, {trade.rule}</span>}
                      <span className="visually-hidden">: why trade {trade.number} was entered</span>
                    </div>
                  </>
                ),
              },
              { title: "Entry", align: "right", cell: (trade) => <At price={trade.entry_price} time={trade.entry_time} /> },
              { title: "Exit", align: "right", cell: (trade) => (trade.open ? <span className="dimmed">still held</span> : <At price={trade.exit_price} time={trade.exit_time} />) },
              {
                title: "Left by",
                cell: (trade) =>
                  trade.exit_reason === null || trade.open ? (
                    "–"
                  ) : (
                    <>
                      {fillReason(trade.exit_reason)}
                      <div className="second dimmed">
                        {trade.duration_ms === 0 ? "on the bar of the entry" : <>after <Duration ms={trade.duration_ms} /></>}
                      </div>
                    </>
                  ),
              },
              {
                title: "Result, net",
                align: "right",
                cell: (trade) =>
                  trade.pnl === null ? (
                    <span className="dimmed">open</span>
                  ) : (
                    <>
                      <Money value={trade.pnl} unit={unitsOf(trade.symbol).quote} tone />
                      <div className="second">
                        <Percent value={trade.return} tone />
                      </div>
                    </>
                  ),
              },
            ]}
            hasMore={query.hasNextPage}
            more={() => void query.fetchNextPage()}
            isReadingMore={query.isFetchingNextPage}
            empty={<Empty title="No trade yet">{none}</Empty>}
          />
        )}
      </Read>
    </Panel>
  );
}

function At({ price, time }: { price: number | null; time: string | null }) {
  return (
    <>
      <Price value={price} />
      <div className="second dimmed">
        <TimeText value={time} part="minute" />
      </div>
    </>
  );
}
