"""What `stevie serve` does while what it stands on fails: the database is stopped and comes back, the disk is full, the
server itself ends during a training session. docs/serve.md, "When something fails", says the same to people.

Usage: serve_failure_test.py STEVIE_PROGRAM
"""
import glob
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from serve_process import CHEAP, Server, events, fills, make_market, run, wait_for

PROGRAM = os.path.abspath(sys.argv.pop(1))
DATA = ("--data", "SYNTHUSDT_1h.csv")
BARS = 6000
SPEED = ("--speed", str(3600 * 80))  # bars of an hour, 80 a second: a minute's worth of trading
# A search that works for as long as it is let and ends within a second or two.
SEARCH = ("optimize.pairs=2", "optimize.search_windows=2", "gate.replicates=100", "sessions.cpu_share=0",
          "sessions.idle_class=false", "sessions.nice=0")


def as_nobody():
    """For subprocess: the server program of PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        except KeyError:
            continue
    raise unittest.SkipTest("there is no user to run PostgreSQL as")


class Postgres:
    """A PostgreSQL server of its own on a free port of 127.0.0.1."""

    def __init__(self, folder):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]))
        found = programs[-1] if programs else os.path.dirname(shutil.which("pg_ctl") or "")
        if not os.access(os.path.join(found, "initdb"), os.X_OK):
            raise unittest.SkipTest("PostgreSQL is not installed")
        self.programs, self.folder, self.running = found, os.path.join(folder, "postgres"), False
        self.who = as_nobody()
        os.mkdir(self.folder)
        if self.who:
            os.chmod(folder, 0o711)
            os.chown(self.folder, self.who["user"], self.who["group"])
        self.password = secrets.token_hex(16)
        secret = os.path.join(self.folder, "password")
        with open(secret, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(self.password + "\n")
        if self.who:
            os.chown(secret, self.who["user"], self.who["group"])
        self.data = os.path.join(self.folder, "data")
        self._call("initdb", "-D", self.data, "-U", "stevie", "--auth=scram-sha-256", "--pwfile=" + secret,
                   "--encoding=UTF8", "--locale=C", "--no-sync")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()
        self.url = "postgresql://stevie:%s@127.0.0.1:%d/postgres" % (self.password, self.port)

    def _call(self, program, *arguments):
        done = subprocess.run([os.path.join(self.programs, program), *arguments], cwd=self.folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, **self.who)
        assert done.returncode == 0, (program, arguments, done.stderr)

    def start(self):
        self._call("pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w", "-t", "60", "start", "-o",
                   "-c listen_addresses=127.0.0.1 -p %d -k %s -c fsync=off" % (self.port, self.folder))
        self.running = True

    def stop(self, mode):
        """fast: clients are sent away; immediate: as if its machine had died."""
        self.running = False
        self._call("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")


class Failing(unittest.TestCase):
    expected = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="stevie_test_")
        self.addCleanup(shutil.rmtree, self.folder)
        self.servers = []
        self.addCleanup(self.end_all)
        self.work = os.path.join(self.folder, "work")
        os.mkdir(self.work)

    def end_all(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.kill()

    def serve(self, *arguments, settings=(), folder=None):
        settings = (*CHEAP, *SEARCH, "live.checkpoint_steps=25", *settings)
        self.servers.append(Server(PROGRAM, folder or self.work, arguments, settings))
        return self.servers[-1]

    def undisturbed(self):
        """Fills of the same replay where nothing fails."""
        if Failing.expected is not None:
            return Failing.expected
        folder = os.path.join(self.folder, "undisturbed")
        os.mkdir(folder)
        make_market(PROGRAM, folder, BARS)
        server = self.serve(*DATA, "--exit-at-end", folder=folder)
        self.assertEqual(server.wait(), 0, server.messages())
        expected = fills(folder)
        self.assertGreater(len(expected), 10)
        Failing.expected = expected
        return expected

    def ready(self, server):
        answer = server.ask("GET", "/health/ready", token=False)
        self.assertIn(answer.status, (200, 503))
        return answer

    def wait_until_ready(self, server):
        wait_for(lambda: self.ready(server).status == 200, "readiness")

    def fault_of(self, server, part):
        """What /health/ready tells those who are logged in; strangers learn that it failed."""
        told = self.ready(server).json["checks"][part]
        if told == "ok":
            return None
        self.assertEqual(told, "failed")
        told = server.ask("GET", "/health/ready").json["checks"][part]
        return None if told == "ok" else told

    def start_session(self, server, episodes=300):
        session = server.post("/api/rl-training/scenarios/quick_tune/start",
                              {"episodes": episodes, "reason": "is it better?"}, 202)["id"]
        wait_for(lambda: self.at_work(server, session), "progress")
        return session

    def at_work(self, server, session):
        shown = server.get("/api/sessions/" + session)
        return shown if shown["state"] == "running" and shown["progress"]["episode"] > 0 else None

    def wait_for_the_end(self, server, session):
        def ended():
            shown = server.get("/api/sessions/" + session)
            return shown if shown["state"] in ("finished", "failed", "stopped") else None
        return wait_for(ended, "the end of the session")

    def finish(self, server, expected, stored):
        """The rest of the replay, at once: account and record are as if nothing had failed."""
        self.assertEqual(server.stop(), 0, server.messages())
        server = self.serve(*DATA, "--exit-at-end", settings=stored)
        self.assertEqual(server.wait(), 0, server.messages())
        run(PROGRAM, self.work, "ledger", "verify", settings=stored)
        steps = [json.loads(json.loads(line)["body"]) for line in
                 run(PROGRAM, self.work, "ledger", "export", "--kind", "live.step", settings=stored).splitlines()]
        got = [json.dumps(fill, sort_keys=True) for step in steps for fill in step["fills"]]
        self.assertEqual(got, expected)

    def check_refusals(self, server):
        """Changing calls say what is wrong and change nothing."""
        version = server.state()["parameter_version"]
        for path, body in (("/api/rl-training/update-parameter",
                            {"name": "volPctBreakout", "value": 61, "reason": "while it is away"}),
                           ("/api/rl-training/scenarios/quick_tune/start", {"episodes": 1, "reason": "while away"}),
                           ("/api/live/re-arm", {"reason": "while it is away"})):
            for headers in ({}, {"Idempotency-Key": "away"}):
                answer = server.ask("POST", path, body, headers)
                self.assertEqual(answer.status, 503, (path, answer.text))
                self.assertTrue(answer.headers["Content-Type"].startswith("application/problem+json"))
                self.assertEqual(answer.json["code"], "api.not_recorded", answer.text)
                self.assertIn("Nothing was changed.", answer.json["what_to_do"])
        self.assertEqual(server.state()["parameter_version"], version)

    def check_waiting(self, server, words):
        """The loop has come to something that it cannot record, says so, and stands still."""
        wait_for(lambda: server.summary()["persistence_fault"], "the fault in the state")
        before = server.summary()
        self.assertRegex(before["persistence_fault"], words)
        ready = self.ready(server)
        self.assertEqual(ready.status, 503, ready.text)
        self.assertEqual(server.ask("GET", "/health/live", token=False).status, 200)
        self.assertEqual(server.ask("GET", "/health/ready").json["checks"]["recording"], before["persistence_fault"])
        self.assertIn("stevie_live_persistence_fault 1\n", server.ask("GET", "/metrics").text)
        time.sleep(0.3)
        after = server.summary()
        for figure in ("steps", "decisions", "orders", "fills"):
            self.assertEqual(after[figure], before[figure], "%s went on" % figure)


class Database(Failing):
    def test_is_stopped_and_comes_back(self):
        expected = self.undisturbed()
        database = Postgres(self.folder)
        self.addCleanup(lambda: database.running and database.stop("immediate"))
        make_market(PROGRAM, self.work, BARS)
        stored = ("ledger.url=" + database.url, "accounts.url=" + database.url)
        server = self.serve(*DATA, *SPEED, settings=stored).wait_until_up()
        server.set_up()
        session = None
        for mode in ("fast", "immediate"):
            if mode == "immediate":
                session = self.start_session(server)
            decisions = server.summary()["decisions"]
            wait_for(lambda: server.summary()["decisions"] > decisions + 50, "decisions")
            database.stop(mode)
            wait_for(lambda: self.fault_of(server, "ledger"), "that the ledger is missed")
            self.assertRegex(self.fault_of(server, "ledger"), "cannot be reached")
            self.check_waiting(server, "cannot be reached|connection was lost")
            self.assertIn("stevie_ledger_reachable 0\n", server.ask("GET", "/metrics").text)
            self.assertRegex(server.messages(), "(?m)^.*ledger: .*cannot be reached")
            self.check_refusals(server)
            refused = server.ask("POST", "/api/auth/login", {"name": "admin", "password": "correct horse battery"})
            self.assertEqual(refused.status, 503, refused.text)
            told = json.dumps(server.state()) + self.ready(server).text + server.messages()
            self.assertNotIn(database.password, told)
            database.start()
            self.wait_until_ready(server)
            self.assertIsNone(server.summary()["persistence_fault"])
        ended = self.wait_for_the_end(server, session)
        self.assertEqual(ended["state"], "finished", (ended, server.messages()))
        self.assertTrue(ended["verdict"], ended)
        self.finish(server, expected, stored)
        self.check_the_kill(database, stored)

    def check_the_kill(self, database, stored):
        """A kill holds while it cannot be recorded, goes on record when the database is back, and survives the end."""
        shutil.rmtree(os.path.join(self.work, "runs"))
        make_market(PROGRAM, self.work, BARS + 1500)  # goes on where the other one ends
        server = self.serve(*DATA, *SPEED, settings=stored).wait_until_up()
        server.log_in()
        self.wait_until_ready(server)
        database.stop("immediate")
        self.check_waiting(server, "cannot be reached|connection was lost")
        for headers in ({}, {"Idempotency-Key": "kill"}):
            answer = server.ask("POST", "/api/live/kill", {"reason": "it is all going wrong", "flatten": True}, headers)
            self.assertEqual((answer.status, answer.json["code"]), (503, "live.kill_unrecorded"), answer.text)
        wait_for(lambda: "a kill waits until the step before it is on record" in server.summary()["text"], "its mention")
        orders = server.summary()["orders"]
        database.start()
        wait_for(lambda: server.summary()["killed"], "the kill")
        self.assertEqual(server.state()["risk"]["kill"]["reason"], "it is all going wrong")
        wait_for(lambda: server.summary()["positions"] == 0, "flat positions")
        self.wait_until_ready(server)
        self.assertLessEqual(server.summary()["orders"], orders + 1, "more than what closes the position")
        server.kill()
        again = self.serve(*DATA, *SPEED, settings=stored).wait_until_up()
        again.log_in()
        wait_for(lambda: again.summary()["killed"], "the kill, which survives")
        self.assertEqual(again.stop(), 0, again.messages())
        run(PROGRAM, self.work, "ledger", "verify", settings=stored)
        database.stop("fast")
        late = self.serve(*DATA, settings=stored)
        self.assertEqual(late.wait(), 1, "a database that is not up yet is worth another start")
        self.assertIn("cannot be reached", late.messages())


class Disk(Failing):
    def test_is_full_and_has_room_again(self):
        place = os.path.join(self.folder, "small")
        os.mkdir(place)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place],
                                               capture_output=True).returncode != 0:
            self.skipTest("a file system of a few MiB cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        expected = self.undisturbed()
        make_market(PROGRAM, self.work, BARS)
        stored = ("ledger.url=sqlite:///" + os.path.join(place, "stevie.db"), "live.folder=" + os.path.join(place, "live"))
        server = self.serve(*DATA, *SPEED, settings=stored).wait_until_up()
        server.set_up()
        wait_for(lambda: server.summary()["decisions"] > 50, "decisions")
        session = self.start_session(server)
        ballast = os.path.join(place, "ballast")
        self.fill_up(ballast)
        self.check_waiting(server, "disk is full|disk refuses|No space left")
        self.check_refusals(server)
        os.remove(ballast)
        self.wait_until_ready(server)
        self.assertIsNone(server.summary()["persistence_fault"])
        ended = self.wait_for_the_end(server, session)
        self.assertEqual(ended["state"], "finished", (ended, server.messages()))
        self.finish(server, expected, stored)

    def fill_up(self, ballast):
        """To the last byte."""
        with open(ballast, "wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue


class Restart(Failing):
    def test_during_a_session_resumes_it_and_leaves_the_parameters_alone(self):
        make_market(PROGRAM, self.work, BARS)
        server = self.serve(*DATA, *SPEED).wait_until_up()
        server.set_up()
        session = self.start_session(server, episodes=2000)
        episode = 0
        for end in (Server.stop, Server.kill):
            code = end(server)
            self.assertEqual(code, 0 if end is Server.stop else -signal.SIGKILL, server.messages())
            self.assertEqual(len(events(self.work, "parameters.version")), 1, "parameters are as they were")
            shown = json.loads(run(PROGRAM, self.work, "sessions", "show", session, "--json"))
            self.assertEqual(shown["state"], "interrupted", shown)
            self.assertIn("The parameters stay as they are.", shown["sentence"])
            server = self.serve(*DATA, *SPEED).wait_until_up()
            server.log_in()
            now = wait_for(lambda: self.at_work(server, session), "that it is at work again")
            self.assertGreaterEqual(now["progress"]["episode"], episode, "it began anew")
            episode = now["progress"]["episode"]
        self.assertEqual(now["attempts"], 3)
        ended = self.wait_for_the_end(server, session)
        self.assertEqual(ended["state"], "finished", (ended, server.messages()))
        self.assertTrue(ended["verdict"], ended)
        self.assertEqual(server.stop(), 0, server.messages())
        versions = len(events(self.work, "parameters.version"))
        self.assertEqual(versions, 2 if ended["outcome"] == "promoted" else 1)
        run(PROGRAM, self.work, "ledger", "verify")


if __name__ == "__main__":
    unittest.main()
