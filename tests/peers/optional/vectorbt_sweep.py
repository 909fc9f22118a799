"""How fast vectorbt sweeps stops and take profits over Donchian breakouts, in parameter-set-bars a second.

    python3 -m venv build/vectorbt
    build/vectorbt/bin/python -m pip install -r tests/peers/optional/requirements.txt
    build/vectorbt/bin/python tests/peers/optional/vectorbt_sweep.py BARS.csv.gz

The nearest thing to the row `param_sweep` of `stevie bench` that vectorbt does in one call: a grid of 8 stops and 16
take profits over the same bars, long and short entries where the close leaves the channel of the 20 bars before, filled
at the next open, both levels tested inside every bar. docs/benchmarks.md says how the two differ. Seconds of processor
time on one core, without compilation: a small grid runs first. BARS has a column `timestamp` in milliseconds.
"""

import argparse
import time

import numpy as np
import pandas as pd
import vectorbt as vbt

CHANNEL_BARS = 20
FEE = 0.5e-4  # a side: 1 bp a round trip, as the row's


def read_bars(path):
    bars = pd.read_csv(path)
    bars.index = pd.to_datetime(bars["timestamp"], unit="ms")
    return bars[["open", "high", "low", "close"]].astype(float)


def breakouts(bars):
    highest = bars["high"].rolling(CHANNEL_BARS).max().shift(1)
    lowest = bars["low"].rolling(CHANNEL_BARS).min().shift(1)
    above, below = bars["close"] > highest, bars["close"] < lowest
    return above.shift(1, fill_value=False), below.shift(1, fill_value=False)


def sweep(bars, stops, profits):
    """Simulates every pair of a stop and a take profit; returns columns of results."""
    long_entries, short_entries = breakouts(bars)
    pairs = pd.MultiIndex.from_product([stops, profits], names=["stop", "take_profit"])
    return vbt.Portfolio.from_signals(
        bars["close"],
        entries=long_entries,
        short_entries=short_entries,
        price=bars["open"],
        open=bars["open"],
        high=bars["high"],
        low=bars["low"],
        sl_stop=pairs.get_level_values(0).to_numpy()[None, :],
        tp_stop=pairs.get_level_values(1).to_numpy()[None, :],
        upon_opposite_entry="ignore",
        stop_entry_price="fillprice",
        fees=FEE,
        freq="1h",
    )


def timed(action):
    start = time.process_time()
    result = action()
    return result, time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bars")
    parser.add_argument("--stops", type=int, default=8)
    parser.add_argument("--profits", type=int, default=16)
    arguments = parser.parse_args()
    bars = read_bars(arguments.bars)
    stops, profits = np.linspace(0.005, 0.06, arguments.stops), np.linspace(0.01, 0.12, arguments.profits)
    warm = sweep(bars.iloc[:2000], stops[:2], profits[:2])  # compiles
    warm.max_drawdown(), warm.total_return(), warm.trades.count()

    portfolio, simulated = timed(lambda: sweep(bars, stops, profits))
    trades, _ = timed(lambda: portfolio.trades.count())
    _, measured = timed(lambda: (portfolio.total_return(), portfolio.max_drawdown()))
    set_bars = len(bars) * len(stops) * len(profits)
    print(f"{len(stops) * len(profits)} sets over {len(bars)} bars, {trades.mean():.0f} trades a set")
    print(f"orders alone           {set_bars / simulated:12.3g} set-bars/s ({simulated:.2f} s)")
    total = simulated + measured
    print(f"with return, drawdown  {set_bars / total:12.3g} set-bars/s ({total:.2f} s)")


if __name__ == "__main__":
    main()
