"""Compares indicators with TA-Lib.

usage: talib_parity.py FILE

FILE is a CSV with the columns open, high, low, close and one column per indicator named as in the registry. Every
value from TA-Lib's first one on must agree to 1e-9 (relative, absolute below 1). Prints one line per indicator and
exits with 1 where one differs.
"""

import sys

import numpy as np
import pandas as pd
import talib

TOLERANCE = 1e-9


def expected(bars: pd.DataFrame) -> dict[str, np.ndarray]:
    close = bars["close"].to_numpy()
    high = bars["high"].to_numpy()
    low = bars["low"].to_numpy()
    upper, middle, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2, nbdevdn=2)
    macd, signal, histogram = talib.MACD(close, fastperiod=12, slowperiod=26, signalperiod=9)
    values = {
        "atr_14": talib.ATR(high, low, close, timeperiod=14),
        "bollinger_upper_20": upper,
        "bollinger_middle_20": middle,
        "bollinger_lower_20": lower,
        "macd": macd,
        "macd_signal": signal,
        "macd_histogram": histogram,
    }
    for length in (3, 6, 14, 72):
        values[f"rsi_{length}"] = talib.RSI(close, timeperiod=length)
    for length in (10, 30, 50, 200):
        values[f"sma_{length}"] = talib.SMA(close, timeperiod=length)
    for length in (12, 26, 50, 200):
        values[f"ema_{length}"] = talib.EMA(close, timeperiod=length)
    return values


def main() -> int:
    bars = pd.read_csv(sys.argv[1])
    values = expected(bars)
    missing = set(values) - set(bars.columns)
    if missing:
        print("missing columns:", ", ".join(sorted(missing)))
        return 1
    failed = False
    for name, theirs in values.items():
        ours = bars[name].to_numpy()
        known = ~np.isnan(theirs)
        if known.sum() < len(bars) // 2:
            print(f"{name}: TA-Lib gave {known.sum()} values only")
            failed = True
            continue
        error = np.abs(ours - theirs)[known] / np.maximum(1, np.abs(theirs[known]))
        good = bool(np.all(error <= TOLERANCE))
        failed = failed or not good
        first = int(np.argmax(known))
        print(f"{name}: largest error {error.max():.2e} from bar {first} on{'' if good else '  DIFFERS'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
