import { Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Answer, ApiProblem, Schema } from "../api";
import { Duration, Icon, Money, NumberText, PagedTable, Panel, Percent, Price, Read, StatusBadge, TimeText } from "../ui";
import { unitsOf } from "./words";

type Position = Schema<"Position">;
type Positions = UseQueryResult<Answer<"get", "/api/live/positions">, ApiProblem>;
type Orders = UseQueryResult<Answer<"get", "/api/live/orders">, ApiProblem>;

const digitsOf = (units: number) => (Math.abs(units) >= 100 ? 2 : Math.abs(units) >= 1 ? 4 : 6);
/** How far the price has to go, as a share of it, with the way. */
const distance = (level: number | null, mark: number) => (level === null || mark === 0 ? null : level / mark - 1);

export function HoldingsPanel({ positions, orders, now, onPick }: { positions: Positions; orders: Orders; now: number | null; onPick?: ((symbol: string) => void) | undefined }) {
  return (
    <Panel title="Positions and orders" id="positions">
      <Read query={positions} what="Reading the positions">
        {({ items }) => (
          <PagedTable
            label="Positions"
            rows={items}
            keyOf={(position) => position.symbol}
            onOpen={onPick && ((position) => onPick(position.symbol))}
            columns={[
              {
                title: "Position",
                heading: true,
                cell: (position) => (
                  <>
                    <b>{position.symbol}</b>
                    <div className="second">
                      <Side units={position.units} />
                      {now !== null && (
                        <span className="dimmed">
                          {" "}
                          for <Duration ms={Math.max(0, now - Date.parse(position.opened))} />
                        </span>
                      )}
                      {onPick && <span className="visually-hidden">: show its price</span>}
                    </div>
                  </>
                ),
              },
              {
                title: "Size",
                align: "right",
                cell: (position) => (
                  <>
                    <NumberText value={Math.abs(position.units)} digits={digitsOf(position.units)} unit={unitsOf(position.symbol).base} />
                    <div className="second dimmed">
                      <Money value={Math.abs(position.value)} unit={unitsOf(position.symbol).quote} digits={0} />
                    </div>
                  </>
                ),
              },
              {
                title: "Entry, now",
                align: "right",
                cell: (position) => (
                  <>
                    <Price value={position.entry_price} />
                    <div className="second">
                      <span className="dimmed">now</span> <Price value={position.mark_price} />
                    </div>
                  </>
                ),
              },
              { title: "Result", align: "right", cell: (position) => <Result position={position} /> },
              { title: "Stop loss", align: "right", cell: (position) => <Level level={position.stop} mark={position.mark_price} /> },
              { title: "Take profit", align: "right", cell: (position) => <Level level={position.take_profit} mark={position.mark_price} /> },
            ]}
            empty={
              <Text size="sm" c="dimmed">
                Nothing is held.
              </Text>
            }
          />
        )}
      </Read>
      <Read query={orders} lines={1} what="Reading the orders">
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed" mt="xs">
              No order waits: each fills on the bar behind its decision.
            </Text>
          ) : (
            <ul className="orders" aria-label="Waiting orders">
              {items.map((order) => (
                <li key={order.id} className="row">
                  <span>
                    <StatusBadge state="waits" tone="busy" size="sm" /> <b>{order.symbol}</b> {order.kind === "exit" ? "close, " : ""}
                    {order.units < 0 ? "sell" : "buy"}{" "}
                    <NumberText value={Math.abs(order.units)} digits={digitsOf(order.units)} unit={unitsOf(order.symbol).base} />
                  </span>
                  <span className="dimmed">
                    decided at <Price value={order.reference_price} />, <TimeText value={order.decided} part="minute" />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Read>
    </Panel>
  );
}

export function Side({ units }: { units: number }) {
  return (
    <span className="side">
      <Icon name={units < 0 ? "down" : "up"} size={13} /> {units < 0 ? "short" : "long"}
    </span>
  );
}

function Result({ position }: { position: Position }) {
  const paid = Math.abs(position.units) * position.entry_price;
  return (
    <>
      <Money value={position.unrealised} unit={unitsOf(position.symbol).quote} tone />
      <div className="second">
        <Percent value={paid > 0 ? position.unrealised / paid : null} tone />
      </div>
    </>
  );
}

function Level({ level, mark }: { level: number | null; mark: number }) {
  if (level === null) return <span className="dimmed">none</span>;
  return (
    <>
      <Price value={level} />
      <div className="second dimmed">
        <Percent value={distance(level, mark)} sign />
      </div>
    </>
  );
}
