"""`stevie serve` from outside: first start, trading, kill and re-arm, parameters, a training session, restart.

Usage: serve_test.py STEVIE_PROGRAM
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from serve_process import CHEAP, Server, events, fills, make_market, run, wait_for

PROGRAM = os.path.abspath(sys.argv.pop(1))
BARS = ("--data", "SYNTHUSDT_1h.csv")
WATCHABLE = (*BARS, "--speed", str(3600 * 100))  # 100 bars a second
# A search of seconds: the verdict is beside the point.
SMALL_SEARCH = ("optimize.pairs=2", "optimize.search_windows=2", "gate.replicates=100", "sessions.cpu_share=0",
                "sessions.idle_class=false")


class Serving(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="stevie_test_")
        self.addCleanup(shutil.rmtree, self.folder)
        self.servers = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.kill()

    def serve(self, *arguments, settings=CHEAP):
        self.servers.append(Server(PROGRAM, self.folder, arguments, settings))
        return self.servers[-1]


class FromTheFirstStart(Serving):
    def test_a_day_with_it(self):
        make_market(PROGRAM, self.folder, 9000)
        server = self.serve(*WATCHABLE, settings=(*CHEAP, *SMALL_SEARCH)).wait_until_up()
        printed = "".join(server.printed)
        self.assertIn("PAPER TRADING", printed)
        self.assertIn("SYNTHETIC", printed)
        self.assertEqual(server.ask("GET", "/api/live/state").status, 401)
        server.set_up()

        # It trades.
        self.assertEqual(server.ask("GET", "/health/live", token=False).status, 200)
        wait_for(lambda: server.summary()["decisions"] > 0, "a decision")
        wait_for(lambda: server.ask("GET", "/health/ready", token=False).status == 200, "readiness")
        state = server.state()
        self.assertEqual(state["summary"]["mode"], "paper")
        self.assertEqual(state["summary"]["symbols"], ["SYNTH/USDT"])
        self.assertTrue(state["summary"]["reconciled"])
        self.assertEqual(state["parameter_version"], 1)
        metrics = server.ask("GET", "/metrics", token=False)
        if metrics.status == 401:
            metrics = server.ask("GET", "/metrics")
        for line in ("stevie_live_running 1", 'stevie_risk_state{state="active"} 1', "stevie_ledger_reachable 1",
                     'stevie_risk_denials_total{code="order_rate"} 0', 'stevie_training_sessions{state="queued"} 0'):
            self.assertIn(line + "\n", metrics.text)

        # Killed, which holds; bad input changes nothing; re-armed by a person with a reason.
        self.assertEqual(server.ask("POST", "/api/live/kill", {"flatten": True}).status, 400)
        self.assertFalse(server.summary()["killed"])
        server.post("/api/live/kill", {"reason": "a test of the switch", "flatten": True})
        wait_for(lambda: server.summary()["killed"], "the kill at the next step")
        state = server.state()
        self.assertEqual(state["risk"]["kill"]["by"], "admin")
        self.assertEqual(state["summary"]["risk_state"], "halted")
        wait_for(lambda: server.summary()["positions"] == 0, "flat positions")
        server.post("/api/live/re-arm", {"reason": "the test is over"})
        wait_for(lambda: not server.summary()["killed"], "the re-arm at the next step")

        # A parameter that is changed over HTTP is what the next bar is decided by; the same key acts once.
        change = {"name": "volPctBreakout", "value": 60, "reason": "calmer market"}
        once = server.post("/api/rl-training/update-parameter", change, headers={"Idempotency-Key": "change-1"})
        again = server.post("/api/rl-training/update-parameter", change, headers={"Idempotency-Key": "change-1"})
        self.assertEqual((once["version"], again["version"]), (2, 2))
        wait_for(lambda: server.state()["parameter_version"] == 2, "version 2 at a bar")
        # And so is one that another process wrote.
        run(PROGRAM, self.folder, "params", "set", "volPctBreakout=62", "--by", "anna", "--reason",
            "from the command line")
        wait_for(lambda: server.state()["parameter_version"] == 3, "version 3 at a bar")

        # A training session runs beside it and ends with a verdict.
        session = server.post("/api/rl-training/scenarios/quick_tune/start",
                              {"episodes": 1, "reason": "is it better?"}, 202)
        ended = wait_for(lambda: self.ended(server, session["id"]), "the end of the session")
        self.assertEqual(ended["state"], "finished", (ended, server.messages()))
        self.assertTrue(ended["verdict"] or ended["outcome"], ended)
        self.assertTrue(ended["sentence"])

        # Who did what is on record, and the record is sound.
        calls = [(body["route"], body.get("reason")) for body in events(self.folder, "api.call")]
        self.assertIn(("/api/live/kill", "a test of the switch"), calls)
        self.assertIn(("/api/rl-training/update-parameter", "calmer market"), calls)
        with open(os.path.join(self.folder, "stevie.db"), "rb") as database:
            self.assertNotIn(b"correct horse", database.read())

        # Stopped and started again: the account is what it was, the user is known.
        version = server.state()["parameter_version"]
        self.assertEqual(server.stop(), 0, server.messages())
        before = events(self.folder, "live.step")[-1]
        again = self.serve(*WATCHABLE, settings=(*CHEAP, *SMALL_SEARCH)).wait_until_up()
        self.assertIsNone(again.setup_token)
        again.log_in()
        wait_for(lambda: again.summary()["decisions"] > before["decisions"], "a decision behind the restart")
        after = [body for body in events(self.folder, "live.step") if body["session"] != before["session"]]
        self.assertEqual(again.state()["parameter_version"], version)
        started = events(self.folder, "live.started")
        self.assertEqual([body["resumes"] for body in started], [None, started[0]["session"]], again.messages())
        for body in after[:1]:
            self.assertGreater(body["step"], before["step"])
        self.assertEqual(again.stop(), 0, again.messages())
        run(PROGRAM, self.folder, "ledger", "verify")

    def ended(self, server, identity):
        session = server.get("/api/sessions/" + identity)
        return session if session["state"] in ("finished", "failed", "stopped") else None


class StartsAndEnds(Serving):
    def setUp(self):
        super().setUp()
        make_market(PROGRAM, self.folder, 1500)

    def test_ends_with_the_replay_where_that_is_asked_for(self):
        server = self.serve(*BARS, "--exit-at-end")
        self.assertEqual(server.wait(), 0, server.messages())
        count = len(fills(self.folder))
        self.assertGreater(count, 4)
        again = self.serve(*BARS, "--exit-at-end")
        self.assertEqual(again.wait(), 0, again.messages())
        self.assertEqual(len(fills(self.folder)), count, "a replay that is over was traded again")

    def test_says_at_the_end_of_a_replay_that_it_is_over_and_stays(self):
        server = self.serve(*BARS).wait_until_up()
        server.set_up()
        wait_for(lambda: server.summary()["feed"]["health"] == "ended", "the end of the replay")
        self.assertEqual(server.ask("GET", "/health/ready", token=False).status, 200)
        self.assertEqual(server.stop(), 0, server.messages())

    def test_stops_at_ctrl_c_and_at_sigterm(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            server = self.serve(*WATCHABLE).wait_until_up()
            server.process.send_signal(number)
            self.assertEqual(server.wait(), 0, server.messages())
        self.assertEqual([body["session"] for body in events(self.folder, "live.stopped")],
                         [body["session"] for body in events(self.folder, "live.started")])

    def test_two_servers_never_trade_one_account(self):
        first = self.serve(*WATCHABLE).wait_until_up()
        second = self.serve(*WATCHABLE)
        self.assertEqual(second.wait(), 2)
        self.assertIn("another process is at work", second.messages())
        other_folder = self.serve(*WATCHABLE, settings=(*CHEAP, "live.folder=elsewhere"))
        self.assertEqual(other_folder.wait(), 2, "another folder for the journals does not make it another account")
        self.assertEqual(first.stop(), 0, first.messages())

    def test_tells_every_fault_before_anything_starts(self):
        server = self.serve("--data", "missing.csv", "--data", "gone.csv", "--address", "0.0.0.0")
        self.assertEqual(server.wait(), 2)
        for name in ("missing.csv", "gone.csv", "0.0.0.0"):
            self.assertIn(name, server.messages())
        self.assertFalse(events(self.folder, "live.started") if os.path.exists(
            os.path.join(self.folder, "stevie.db")) else [])
        unsafe = self.serve(*BARS, "--address", "0.0.0.0")
        self.assertEqual(unsafe.wait(), 2, "an open address without TLS and a user")

    def test_tells_systemd_how_it_does(self):
        path = os.path.join(self.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(60)
            os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"] = path, "400000"
            try:
                server = self.serve(*WATCHABLE).wait_until_up()
            finally:
                del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
            told = [manager.recv(1000).decode()]
            self.assertTrue(told[0].startswith("READY=1\nSTATUS="), told)
            while "WATCHDOG=1" not in told:
                told.append(manager.recv(1000).decode())
            server.process.terminate()
            while not told[-1].startswith("STOPPING=1"):
                told.append(manager.recv(1000).decode())
            self.assertEqual(server.wait(), 0, server.messages())


if __name__ == "__main__":
    unittest.main()
