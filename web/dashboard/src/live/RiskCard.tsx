import { Stack, Text } from "@mantine/core";
import { Link } from "react-router";
import { usePulse, type Schema } from "../api";
import { Count, format, Help, Icon, KeyValue, Money, NumberText, Panel, Percent, StatusBadge, TimeText, type Tone } from "../ui";
import { Meter } from "./Meter";
import { usedOf } from "./used";
import { denialOf, unitsOf } from "./words";

type State = Schema<"LiveState">;
type Position = Schema<"Position">;

const states: Record<string, { word: string; tone: Tone; text: string }> = {
  active: { word: "Active", tone: "good", text: "Orders pass within the limits." },
  reducing: { word: "Reducing only", tone: "warn", text: "Only orders that make a position smaller pass." },
  halted: { word: "Halted", tone: "bad", text: "No order passes. Stop loss and take profit of what is held still work." },
};

export function RiskCard({ state, positions }: { state: State; positions: readonly Position[] }) {
  const { risk, summary } = state;
  const { limits } = risk;
  const used = usedOf(state, positions);
  const { quote } = unitsOf(summary.symbols[0]);
  const now = states[risk.state] ?? { word: format.words(risk.state), tone: "neutral", text: "" };
  const refused = Object.entries(risk.denials).sort((a, b) => Number(b[1]) - Number(a[1]));
  const refusals = refused.reduce((sum, [, times]) => sum + Number(times), 0);
  const isOld = usePulse().state === "stale";
  const share = (value: number, limit: number) => (
    <>
      <Percent value={value} /> of <Percent value={limit} digits={limit * 100 === Math.round(limit * 100) ? 0 : 2} />
    </>
  );

  return (
    <Panel
      title="Risk"
      id="risk"
      aside={<StatusBadge state={summary.killed ? "Killed" : now.word} tone={isOld ? "neutral" : summary.killed ? "bad" : now.tone} icon={summary.killed ? "stop" : "shield"} />}
    >
      <Stack gap="sm">
        <Text size="sm">
          {risk.kill ? (
            <>
              {risk.kill.by} stopped trading at <TimeText value={risk.kill.time} part="minute" />
              {risk.kill.flatten ? " and closed all positions" : ""}: {risk.kill.reason}
            </>
          ) : (
            format.sentence(risk.why) || now.text
          )}
        </Text>
        {summary.mode !== "none" && (
          <div className="meters">
            <Meter name="Drawdown" value={used.drawdown} limit={limits.drawdown_share} text={share(used.drawdown, limits.drawdown_share)}
              help={<>Fall of the equity from its peak, <Money value={risk.peak_equity} unit={quote} />. At the limit trading halts until a person re-arms it.</>} />
            <Meter name="Loss today" value={used.day} limit={limits.daily_loss_share} text={share(used.day, limits.daily_loss_share)}
              help={<>Since 00:00 UTC, when the equity was <Money value={risk.day_start_equity} unit={quote} />. At the limit positions are only reduced until the day ends.</>} />
            <Meter name="Exposure" value={used.exposure} limit={limits.exposure_share} text={share(used.exposure, limits.exposure_share)}
              help="Values of all positions, long and short added, over the equity." />
            <Meter name="Largest position" value={used.largest} limit={limits.symbol_notional_share} text={share(used.largest, limits.symbol_notional_share)}
              help="Value of the largest position of one symbol over the equity." />
          </div>
        )}
        <div className="risk-count">
          <div className="row">
            <span className="meter-name">
              Orders refused
              <Help about="orders refused">The risk engine asks 13 questions of each order. The first that objects names the refusal; the rules may try again on the next bar.</Help>
            </span>
            <span>
              <b>
                <Count value={refusals} />
              </b>{" "}
              <span className="dimmed">
                of <Count value={refusals + risk.passed} />
              </span>
            </span>
          </div>
          {refused.length > 0 && (
            <ul className="refusals">
              {refused.map(([code, times]) => (
                <li key={code}>
                  <span className="row">
                    <span>
                      <Icon name="cross" size={13} /> {denialOf(code).title}{" "}
                      {code !== denialOf(code).title.toLowerCase() && <span className="code dimmed">{code}</span>}
                    </span>
                    <Count value={Number(times)} />
                  </span>
                  <span className="dimmed">{denialOf(code).text}</span>
                </li>
              ))}
            </ul>
          )}
        </div>
        <details className="more">
          <summary>The other limits</summary>
          <KeyValue
            rows={[
              { name: "One order", value: <><Percent value={limits.order_notional_share} digits={0} /> of equity</>, help: "Largest value of an order." },
              { name: "Orders a minute", value: limits.orders_per_minute === 0 ? "No limit" : <Count value={limits.orders_per_minute} />, help: "Of all symbols together, by the feed's clock." },
              { name: "Price collar", value: <Percent value={limits.price_collar_share} digits={1} />, help: "Largest distance of the newest price from the one that the order was decided at." },
              { name: "Age of data", value: <NumberText value={limits.stale_intervals} digits={1} unit="bars" />, help: "Older data: nothing is entered." },
            ]}
          />
          <Text size="xs" c="dimmed" mt="xs">
            Administrators change limits under <Link to="/settings/limits">Settings</Link>, by name and with a reason. No search and no training does.
          </Text>
        </details>
      </Stack>
    </Panel>
  );
}
