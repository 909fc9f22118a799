"""Runs backtesting.py's SMA 10/30 crossover on its GOOG bars and writes, into the folder given:

bars.csv        the bars
signals.csv     the crossovers as enter and exit signals
orders.csv      the same as orders in units, taken from the trades it made
expected.json   what backtesting.py made of them
"""

import json
import pathlib
import sys
import warnings

from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import GOOG, SMA


class SmaCross(Strategy):
    def init(self):
        self.fast = self.I(SMA, self.data.Close, 10)
        self.slow = self.I(SMA, self.data.Close, 30)

    def next(self):
        if crossover(self.fast, self.slow):
            signals.append((self.data.index[-1], 1))
            self.position.close()
            self.buy()
        elif crossover(self.slow, self.fast):
            signals.append((self.data.index[-1], -1))
            self.position.close()
            self.sell()


def stamp(time):
    return int(time.timestamp() * 1000)


warnings.simplefilter("ignore")
folder = pathlib.Path(sys.argv[1])
signals = []
stats = Backtest(GOOG, SmaCross, cash=10_000, finalize_trades=True).run()

with open(folder / "bars.csv", "w") as bars:
    bars.write("timestamp,open,high,low,close,volume\n")
    for time, bar in GOOG.iterrows():
        bars.write(f"{stamp(time)},{bar.Open},{bar.High},{bar.Low},{bar.Close},{bar.Volume}\n")

with open(folder / "signals.csv", "w") as file:
    file.write("timestamp,enter_long,exit_long,enter_short,exit_short\n")
    for time, side in signals:
        file.write(f"{stamp(time)},{int(side > 0)},{int(side < 0)},{int(side < 0)},{int(side > 0)}\n")

orders = {}
for _, trade in stats["_trades"].iterrows():
    orders[trade.EntryBar] = orders.get(trade.EntryBar, 0) + trade.Size
    if trade.ExitBar != len(GOOG) - 1:
        orders[trade.ExitBar] = orders.get(trade.ExitBar, 0) - trade.Size
with open(folder / "orders.csv", "w") as file:
    file.write("timestamp,order_size\n")
    for bar, size in sorted(orders.items()):
        file.write(f"{stamp(GOOG.index[bar - 1])},{size}\n")

expected = {
    "trades": int(stats["# Trades"]),
    "final_equity": float(stats["Equity Final [$]"]),
    "max_drawdown": -float(stats["Max. Drawdown [%]"]) / 100,
    "sqn": float(stats["SQN"]),
    "entries": [int(size) for size in stats["_trades"].Size],
    "entry_prices": [float(price) for price in stats["_trades"].EntryPrice],
    "exit_prices": [float(price) for price in stats["_trades"].ExitPrice],
    "equity": [float(value) for value in stats["_equity_curve"].Equity],
}
(folder / "expected.json").write_text(json.dumps(expected))
