import { useMediaQuery } from "@mantine/hooks";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { useApi, useRefreshOn } from "../api";
import { useLiveState } from "../shell/useLiveState";
import { Empty, PageFrame, Panel, Read, TimeText } from "../ui";
import { DecisionDrawer } from "./DecisionDrawer";
import { DecisionStream } from "./DecisionStream";
import { EquityPanel } from "./EquityPanel";
import { FeedPanel } from "./FeedPanel";
import { HoldingsPanel } from "./HoldingsPanel";
import { Notices } from "./Notices";
import { PricePanel } from "./PricePanel";
import { RiskCard } from "./RiskCard";
import { TradesPanel } from "./TradesPanel";
import { Vitals } from "./Vitals";
import { barLength, unitsOf, whyNoTrade } from "./words";
import "./live.css";

/** What the system does just now, and why. */
export default function LivePage() {
  const state = useLiveState();
  const mode = state.data?.summary.mode;
  const symbols = state.data?.summary.symbols ?? [];
  return (
    <PageFrame
      title="Live"
      lead={
        mode === "paper" && state.data
          ? `A paper account that trades ${listed(symbols)} on bars of ${barLength(state.data.interval_ms)}. No order leaves the program.`
          : "What the system trades, and why."
      }
      aside={
        state.data?.summary.now && (
          <span className="feed-clock">
            Bars until <TimeText value={state.data.summary.now} part="minute" />
          </span>
        )
      }
    >
      <Read query={state} what="Reading the state of the loop" lines={8}>
        {(data) =>
          data.summary.mode === "none" ? (
            <>
              <Panel title="This server does not trade">
                <Empty title="No feed is set" icon="pause">
                  It was started with <code className="flag">--feed none</code>, so there are no bars, orders or positions here. Training, parameters and history work.
                  Start it with <code className="flag">--data FILE</code> or <code className="flag">--feed binance</code> to trade on paper.
                </Empty>
              </Panel>
              {(data.risk.kill || data.risk.halt) && <RiskCard state={data} positions={[]} />}
            </>
          ) : (
            <Trading state={data} />
          )
        }
      </Read>
    </PageFrame>
  );
}

function listed(symbols: readonly string[]): string {
  if (symbols.length <= 1) return symbols[0] ?? "nothing yet";
  return symbols.length > 4 ? `${symbols.length} symbols` : `${symbols.slice(0, -1).join(", ")} and ${symbols.at(-1)}`;
}

function Trading({ state }: { state: NonNullable<ReturnType<typeof useLiveState>["data"]> }) {
  const [place, setPlace] = useSearchParams();
  const isNarrow = useMediaQuery("(max-width: 48em)") ?? false;
  const { symbols } = state.summary;
  const symbol = symbols.includes(place.get("symbol") ?? "") ? place.get("symbol")! : (symbols[0] ?? "");
  const asked = Number(place.get("decision"));
  const decision = Number.isInteger(asked) && asked > 0 ? asked : null;
  const positions = useApi("/api/live/positions", { query: { limit: 500 } });
  const orders = useApi("/api/live/orders", { query: { limit: 500 } });
  useRefreshOn(["live", "fills"], ["/api/live/positions", "/api/live/orders"], { everyMs: 1000 });
  const wanted = useApi("/api/live/decisions", { query: { limit: 50, wanted: true } }, { enabled: state.summary.fills === 0 });
  const dear = state.summary.fills === 0 ? whyNoTrade(wanted.data?.items ?? []) : null;
  const held = useMemo(() => positions.data?.items ?? [], [positions.data]);

  const put = (name: string, value: string | null) =>
    setPlace(
      (old) => {
        if (value === null) old.delete(name);
        else old.set(name, value);
        return old;
      },
      { replace: true },
    );
  const open = (number: number) => put("decision", String(number));

  return (
    <>
      <Notices state={state} tooDear={dear} />
      <Vitals state={state} positions={held} />
      <div className="live-grid">
        <div className="live-main">
          <div className="live-price">
            <PricePanel symbol={symbol} symbols={symbols} onSymbol={(name) => put("symbol", name)} positions={held} isNarrow={isNarrow} />
          </div>
          <div className="live-holdings">
            <HoldingsPanel positions={positions} orders={orders} now={state.summary.now === null ? null : Date.parse(state.summary.now)} onPick={symbols.length > 1 ? (name) => put("symbol", name) : undefined} />
          </div>
          <div className="live-equity">
            <EquityPanel quote={unitsOf(symbol).quote} initial={state.summary.initial_equity} />
          </div>
          <div className="live-trades">
            <TradesPanel perPage={isNarrow ? 5 : 10} onDecision={open} none={dear ?? "A trade is an entry and its exit. The decisions say why there was none so far."} />
          </div>
        </div>
        <div className="live-side">
          <div className="live-risk">
            <RiskCard state={state} positions={held} />
          </div>
          <div className="live-decisions">
            <DecisionStream opened={decision} onOpen={open} />
          </div>
          <div className="live-feed">
            <FeedPanel state={state} />
          </div>
        </div>
      </div>
      <DecisionDrawer number={decision} newest={state.summary.decisions} onMove={open} onClose={() => put("decision", null)} />
    </>
  );
}
