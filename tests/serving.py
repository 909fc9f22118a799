"""A `stevie serve` of its own for tests: a folder, synthetic bars of a venue cheap enough that the rules trade (and
hold a position at the end), an administrator and two further users.

    with Serving(program) as server:
        server.request("GET", "/api/auth/me", role="viewer")
"""
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PASSWORD = "four green kettles sing"
CHEAP_VENUE = pathlib.Path(__file__).resolve().parent.parent / "examples" / "paper_hours.toml"


class Serving:
    def __init__(self, program, bars=9000, settings=(), set_up=True):
        self.program = os.path.abspath(program)
        self.folder = tempfile.TemporaryDirectory(prefix="stevie_serving_")
        self.path = pathlib.Path(self.folder.name)
        subprocess.run(
            [self.program, "data", "synth", "--model", "garch", "--bars", str(bars), "--seed", "3", "--symbol",
             "BTC/USDT", "--out", "BTCUSDT_1h.csv"], cwd=self.path, check=True, capture_output=True)
        (self.path / "stevie.toml").write_text(CHEAP_VENUE.read_text() + "\n[server]\nport = 0\n")
        self.settings, self.set_up_users = list(settings), set_up
        self.tokens, self.url, self.setup_token = {}, None, None

    def __enter__(self):
        flags = [part for setting in self.settings for part in ("--set", setting)]
        self.log = open(self.path / "serve.log", "w+")
        self.process = subprocess.Popen([self.program, *flags, "serve", "--data", "BTCUSDT_1h.csv"], cwd=self.path,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while self.setup_token is None:
            text = (self.path / "serve.log").read_text(errors="replace")
            address = re.search(r"serves at (https?://\S+)", text)
            token = re.search(r'"token":"([^"]+)"', text)
            if address and token:
                self.url, self.setup_token = address.group(1), token.group(1)
            elif self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError(f"the server did not start:\n{text}")
            else:
                time.sleep(0.05)
        if self.set_up_users:
            self.set_up()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def set_up(self):
        made = self.request("POST", "/api/auth/setup",
                            {"token": self.setup_token, "name": "ada", "password": PASSWORD})[1]
        self.tokens["admin"] = made["access_token"]
        for name, role in (("otto", "operator"), ("vera", "viewer")):
            self.request("POST", "/api/auth/users", {"name": name, "password": PASSWORD, "role": role}, role="admin")
            login = self.request("POST", "/api/auth/login", {"name": name, "password": PASSWORD})[1]
            self.tokens[role] = login["access_token"]

    def wait_for_the_end(self, patience=120):
        """Until the replay is over, so that the account no longer changes."""
        deadline = time.monotonic() + patience
        ledger = sqlite3.connect(f"file:{self.path / 'stevie.db'}?mode=ro", uri=True)
        while not ledger.execute("SELECT 1 FROM ledger_events WHERE kind = 'live.stopped'").fetchall():
            if time.monotonic() > deadline:
                raise RuntimeError("the replay is not over")
            time.sleep(0.1)
        ledger.close()

    def request(self, method, target, body=None, role=None):
        """Status and body, read as JSON where it is that."""
        request = urllib.request.Request(self.url + target, method=method)
        if role:
            request.add_header("Authorization", "Bearer " + self.tokens[role])
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text) if text else None
        except json.JSONDecodeError:
            return status, text.decode(errors="replace")
