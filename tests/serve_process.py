"""For tests: `stevie serve` as a process of its own, and what one asks of it over HTTP."""
import contextlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.parse

PATIENCE = 60  # seconds; far more than anything here takes on a busy machine


def wait_for(condition, what):
    """Returns the first true value of condition()."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain for " + what)


class Answer:
    def __init__(self, status, body, headers):
        self.status, self.text, self.headers = status, body, headers

    @property
    def json(self):
        return json.loads(self.text)


class Server:
    """A running server. `settings` are --set of the whole program, `arguments` those of serve."""

    def __init__(self, program, folder, arguments, settings=()):
        command = [program]
        for setting in settings:
            command += ["--set", setting]
        self.log = os.path.join(folder, "serve.log")
        self.errors = open(self.log, "a")
        self.process = subprocess.Popen([*command, "serve", "--port", "0", *arguments], cwd=folder, text=True,
                                        stdout=subprocess.PIPE, stderr=self.errors)
        self.printed, self.url, self.setup_token, self.access = [], None, None, None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        lines = iter(self.process.stdout.readline, "")
        for line in lines:
            self.printed.append(line)
            if line.startswith("stevie serves at "):
                self.url = line.split()[3]
            if "This token makes the first administrator" in line:
                self.printed.append(next(lines))
                self.setup_token = self.printed[-1].strip()

    def wait_until_up(self):
        wait_for(lambda: self.url or self.process.poll() is not None, "the address")
        assert self.process.poll() is None, "it ended with %s: %s" % (self.process.poll(), self.messages())
        wait_for(lambda: any(line.startswith("Ctrl-C") for line in self.printed), "the end of the start")
        return self

    def messages(self):
        with open(self.log) as log:
            return "".join(self.printed) + log.read()

    def ask(self, method, path, body=None, headers=None, token=None):
        """token: False: none."""
        to = urllib.parse.urlparse(self.url)
        connection = http.client.HTTPConnection(to.hostname, to.port, timeout=PATIENCE)
        headers = dict(headers or {})
        if token is None:
            token = self.access
        if token:
            headers["Authorization"] = "Bearer " + token
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(), dict(answer.getheaders()))
        finally:
            connection.close()

    def get(self, path):
        answer = self.ask("GET", path)
        assert answer.status == 200, (path, answer.status, answer.text)
        return answer.json

    def post(self, path, body, status=200, **more):
        answer = self.ask("POST", path, body, **more)
        assert answer.status == status, (path, answer.status, answer.text)
        return answer.json

    def set_up(self, name="admin", password="correct horse battery"):
        self.access = self.post("/api/auth/setup",
                                {"token": self.setup_token, "name": name, "password": password}, 201,
                                token=False)["access_token"]

    def log_in(self, name="admin", password="correct horse battery"):
        self.access = self.post("/api/auth/login", {"name": name, "password": password}, token=False)["access_token"]

    def state(self):
        return self.get("/api/live/state")

    def summary(self):
        return self.state()["summary"]

    def kill(self):
        """As a machine that loses power: no handler runs."""
        self.process.kill()
        return self.wait()

    def stop(self):
        """In order, as systemd does; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        code = self.process.wait(timeout=PATIENCE)
        self.reader.join(timeout=PATIENCE)
        self.process.stdout.close()
        self.errors.close()
        return code


def run(program, folder, *arguments, settings=(), code=0):
    """Runs another command of the program to its end; returns what it printed."""
    command = [program]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def make_market(program, folder, bars, seed=1):
    run(program, folder, "data", "synth", "--model", "garch", "--bars", str(bars), "--seed", str(seed), "--symbol",
        "SYNTH/USDT", "--out", "SYNTHUSDT_1h.csv")


# Cheap enough for the rules to trade in a market that has nothing to offer.
CHEAP = ("costs.taker_fee_bps=1", "costs.half_spread_bps=0.1", "costs.slippage_bps=0.1", "risk.daily_loss_share=1",
         "risk.drawdown_share=1")


def events(folder, kind):
    """Bodies of the ledger's events of this kind."""
    with contextlib.closing(sqlite3.connect(os.path.join(folder, "stevie.db"), timeout=PATIENCE)) as database:
        rows = database.execute("SELECT body FROM ledger_events WHERE kind = ? ORDER BY sequence", (kind,)).fetchall()
    return [json.loads(row[0]) for row in rows]


def fills(folder):
    """Everything that ever changed a position, in order, as text that shows every bit."""
    return [json.dumps(fill, sort_keys=True) for body in events(folder, "live.step") for fill in body["fills"]]
