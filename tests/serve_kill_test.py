"""`stevie serve` is killed with SIGKILL at random moments while it trades and its parameters change. Afterwards the ledger
verifies, the account did exactly what an uninterrupted run of the same replay does - no fill lost, doubled or changed -
and the parameters are a whole version, the old one or the new one.

Usage: serve_kill_test.py STEVIE_PROGRAM [KILLS [SEED]]
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from serve_process import CHEAP, Server, events, fills, make_market, run

BARS = 2500
SECONDS = 1.5  # of trading between two kills, about


def check_versions(folder):
    """Versions form one chain, each with its parent's hash. Returns how many there are."""
    versions = events(folder, "parameters.version")
    for number, (before, version) in enumerate(zip(versions, versions[1:]), start=2):
        assert version["number"] == number and version["parent"] == number - 1, version
        assert version["parent_hash"] == before["hash"], version
    return len(versions)


def check_steps(folder):
    """Steps of the account only go forward, and each position is the sum of its fills. Returns their number."""
    last, units = 0, {}
    for body in events(folder, "live.step"):
        assert body["step"] >= last, (last, body["step"])
        last = body["step"]
        for fill in body["fills"]:
            units[fill["symbol"]] = units.get(fill["symbol"], 0) + fill["units"]
        for symbol, held in body["positions"].items():
            assert abs(units.get(symbol, 0) - held) <= 1e-9 * max(1, abs(held)), (symbol, units, held)
        for symbol, held in units.items():
            assert symbol in body["positions"] or abs(held) < 1e-6, (symbol, held)
    return last


def change_parameters(program, folder, number):
    """A new version that this replay does not trade by: runs stay comparable."""
    return subprocess.Popen([program, "params", "set", "volPctBreakout=%d" % (60 + number % 30), "--symbol", "ETH/USDT",
                             "--by", "anna", "--reason", "change %d" % number],
                            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    program = os.path.abspath(sys.argv[1])
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    chance = random.Random(seed)
    folder = tempfile.mkdtemp(prefix="stevie_test_")
    whole = os.path.join(folder, "whole")
    parts = os.path.join(folder, "parts")
    for place in (whole, parts):
        os.mkdir(place)
        make_market(program, place, BARS)
    replay = ("--data", "SYNTHUSDT_1h.csv")

    server = Server(program, whole, (*replay, "--exit-at-end"), CHEAP)
    assert server.wait() == 0, server.messages()
    expected = fills(whole)
    assert len(expected) > 10, expected

    # As fast as to be over shortly behind the last kill.
    speed = 3600 * BARS / (SECONDS * kills)
    versions, moments = 1, {"before": 0, "while trading": 0, "at the end": 0}
    for kill in range(kills):
        server = Server(program, parts, (*replay, "--speed", "%.0f" % speed), CHEAP)
        pause = chance.uniform(0.1, 2 * SECONDS)
        change_at = chance.uniform(0, 1) * pause
        time.sleep(change_at)
        changing = change_parameters(program, parts, kill)
        time.sleep(pause - change_at)
        if chance.random() < 0.3:
            changing.kill()
        code = server.kill()
        changing.wait()
        assert code == -9, (code, server.messages())
        moments["before" if server.url is None else "while trading"] += 1
        if os.path.exists(os.path.join(parts, "stevie.db")):
            run(program, parts, "ledger", "verify")
            now = check_versions(parts)
            assert versions <= now or now == 0, (versions, now)
            versions = max(versions, now)
            check_steps(parts)
            got = fills(parts)
            assert got == expected[:len(got)], "kill %d (seed %d): fills differ behind %d" % (kill, seed, len(got))

    server = Server(program, parts, (*replay, "--exit-at-end"), CHEAP)
    assert server.wait() == 0, server.messages()
    run(program, parts, "ledger", "verify")
    got = fills(parts)
    assert got == expected, "seed %d: %d fills, expected %d" % (seed, len(got), len(expected))
    assert versions > kills / 3, "too few changes came through to test anything: %d" % versions
    assert check_versions(parts) == versions, "the last start changed the parameters"
    end, other = (json.dumps(events(place, "live.step")[-1]["account"], sort_keys=True) for place in (whole, parts))
    assert end == other, "the accounts differ at the end"
    print("%d kills (seed %d): %d before the server was up, %d behind; %d fills and the account as without a kill; "
          "%d sessions, %d parameter versions" %
          (kills, seed, moments["before"], moments["while trading"], len(got), len(events(parts, "live.started")),
           versions))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
