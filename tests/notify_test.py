"""Channels of notifications from outside: what a receiver is sent by a running `stevie serve`, verified with the
program that docs/notifications.md shows, and where the secrets are afterwards.

Usage: notify_test.py STEVIE_PROGRAM
"""
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from serving import Serving  # noqa: E402

PROGRAM = os.path.abspath(sys.argv.pop(1))
PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "notifications.md"
SECRET = "seven-small-foxes-run-home"
TOKEN = "123456:AA-token-that-nobody-may-see"
PATIENCE = 60


# What docs/notifications.md shows: keep the two alike.
def verify(secret, header, body, now=None, tolerance=300):
    fields = dict(part.split("=", 1) for part in header.split(","))
    if abs((time.time() if now is None else now) - int(fields["t"])) > tolerance:
        raise ValueError("too old")
    wanted = hmac.new(secret.encode(), fields["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, fields["v1"]):
        raise ValueError("not signed with this secret")
# What docs/notifications.md shows ends here.


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what it is sent, on 127.0.0.1."""

    def __init__(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                answer = b'{"ok":true}'
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.status = [], 200
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_for(self, found):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for message in list(self.seen):
                if found(*message):
                    return message
            time.sleep(0.05)
        raise AssertionError("waited in vain; seen: %s" % [(path, body) for path, _, body in self.seen])


class Notifications(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)

    def serving(self, *settings):
        return Serving(PROGRAM, bars=2000, settings=["notify.telegram_url=" + self.receiver.url, *settings])

    def add(self, server, status=201, **channel):
        return self.ask(server, "POST", "channels", channel, status)

    def ask(self, server, method, path, body=None, status=200):
        got, answer = server.request(method, "/api/notifications/" + path, body, role="admin")
        self.assertEqual(got, status, answer)
        return answer

    def test_the_page_shows_the_program_of_this_test(self):
        source = pathlib.Path(__file__).read_text()
        shown = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.S).group(1)
        own = source[source.index("def verify("):source.index("# What docs/notifications.md shows ends here.")]
        self.assertIn(own.strip(), shown)

    def test_a_kill_reaches_both_kinds_of_channel_and_no_secret_is_left_anywhere(self):
        with self.serving("notify.allow_private=true") as server:
            hook = self.add(server, name="desk", kind="webhook", events=["kill", "parameter_change"],
                            url=self.receiver.url + "/hook-path-nobody-may-see", secret=SECRET)
            self.assertEqual((hook["secret"], hook["token"]), ("set", None))
            self.add(server, name="chat", kind="telegram", events=["kill", "login_lockout"], chat="-100123", token=TOKEN)

            tested = self.ask(server, "POST", "channels/desk/test")
            self.assertEqual((tested["state"], tested["http_status"]), ("delivered", 200))
            path, headers, body = self.receiver.seen[0]
            self.assertEqual(path, "/hook-path-nobody-may-see")
            verify(SECRET, headers["Stevie-Signature"], body)
            self.assertEqual(json.loads(body)["id"], headers["Stevie-Delivery"])
            with self.assertRaises(ValueError):
                verify(SECRET, headers["Stevie-Signature"], body + b" ")
            with self.assertRaises(ValueError):
                verify(SECRET + "x", headers["Stevie-Signature"], body)
            with self.assertRaises(ValueError):
                verify(SECRET, headers["Stevie-Signature"], body, now=time.time() + 3600)

            self.assertEqual(server.request("POST", "/api/live/kill", {"reason": "the exchange halts"},
                                            role="operator")[0], 200)
            _, headers, body = self.receiver.wait_for(lambda path, _, body: path.startswith("/hook") and b"exchange halts" in body)
            verify(SECRET, headers["Stevie-Signature"], body)
            message = json.loads(body)
            self.assertEqual(message["severity"], "critical")
            self.assertEqual(message["data"]["reason"], "the exchange halts")
            self.assertEqual(message["data"]["author"], "otto")
            path, _, body = self.receiver.wait_for(lambda path, *_: path.startswith("/bot"))
            self.assertEqual(path, f"/bot{TOKEN}/sendMessage")
            self.assertIn("Trading was stopped by otto", json.loads(body)["text"])

            for _ in range(7):
                server.request("POST", "/api/auth/login", {"name": "vera", "password": "not her password"})
            _, _, body = self.receiver.wait_for(lambda path, _, body: b"Too many failed logins" in body)
            self.assertIn("vera", json.loads(body)["text"])

            # A person at the shell, beside the running server.
            flags = ["--set", "notify.allow_private=true"]
            command = [PROGRAM, *flags, "notify"]
            shown = subprocess.run([*command, "list", "--json"], cwd=server.path, check=True, capture_output=True)
            self.assertEqual([channel["name"] for channel in json.loads(shown.stdout)], ["chat", "desk"])
            sent = subprocess.run([*command, "test", "desk"], cwd=server.path, check=True, capture_output=True)
            self.assertTrue(sent.stdout.startswith(b"delivered"), sent.stdout)

            listed = self.ask(server, "GET", "channels")
            deliveries = self.ask(server, "GET", "deliveries?limit=200")
            self.assertEqual({item["state"] for item in deliveries["items"]}, {"delivered"})
            self.assertEqual(server.request("GET", "/api/notifications/channels", role="viewer")[0], 403)
            self.ask(server, "DELETE", "channels/desk", status=204)
            export = server.request("GET", "/api/ledger/export?limit=100000", role="admin")[1]

            holders = []
            for file in server.path.rglob("*"):
                if file.is_file() and any(word in file.read_bytes() for word in self.secrets()):
                    holders.append(file.name)
            self.assertEqual(holders, ["channels.json"], "and there only the one that is left")
            mode = stat.S_IMODE((server.path / "stevie-notify" / "channels.json").stat().st_mode)
            self.assertEqual(mode, 0o600)
            for text in (json.dumps(listed), json.dumps(deliveries), str(export), shown.stdout.decode()):
                for word in self.secrets():
                    self.assertNotIn(word.decode(), text)

    def secrets(self):
        return [SECRET.encode(), TOKEN.encode(), b"hook-path-nobody-may-see"]

    def test_no_address_of_this_machine_is_reached_unless_the_configuration_allows_it(self):
        with self.serving() as server:
            for i, url in enumerate([self.receiver.url, self.receiver.url.replace("127.0.0.1", "localhost"),
                                     self.receiver.url.replace("127.0.0.1", "2130706433")]):
                self.add(server, name=f"c{i}", kind="webhook", events=["kill"], url=url, secret=SECRET)
                tested = self.ask(server, "POST", f"channels/c{i}/test")
                self.assertEqual(tested["state"], "failed")
                self.assertIn("loopback", tested["error"])
            self.assertEqual(self.receiver.seen, [])

    def test_what_could_not_be_delivered_is_sent_after_a_restart(self):
        self.receiver.status = 503
        with self.serving("notify.allow_private=true") as server:
            self.add(server, name="desk", kind="webhook", events=["kill"], url=self.receiver.url, secret=SECRET)
            server.request("POST", "/api/live/kill", {"reason": "test of a restart"}, role="operator")
            _, headers, _ = self.receiver.wait_for(lambda path, _, body: b"test of a restart" in body)
            first = headers["Stevie-Delivery"]
            server.process.terminate()
            self.assertEqual(server.process.wait(PATIENCE), 0)
            self.receiver.seen.clear()
            self.receiver.status = 200
            # While nobody serves, somebody re-arms at the shell: told at the next start.
            command = [PROGRAM, "--set", "notify.allow_private=true", "--set", "server.port=0"]
            subprocess.run([PROGRAM, "notify", "add", "second", "--url", self.receiver.url, "--events", "rearm",
                            "--by", "ada", "--reason", "test"], cwd=server.path, check=True, capture_output=True)
            subprocess.run([PROGRAM, "live", "rearm", "--by", "ada", "--reason", "all is well"], cwd=server.path,
                           check=True, capture_output=True)
            with open(server.path / "second.log", "w") as log:
                again = subprocess.Popen([*command, "serve", "--data", "BTCUSDT_1h.csv"], cwd=server.path, stdout=log,
                                         stderr=log)
            try:
                _, headers, _ = self.receiver.wait_for(lambda path, _, body: b"test of a restart" in body)
                self.assertEqual(headers["Stevie-Delivery"], first)
                self.receiver.wait_for(lambda path, _, body: b"re-armed by ada" in body)
            finally:
                again.terminate()
                again.wait(PATIENCE)
            texts = [body for _, _, body in self.receiver.seen]
            self.assertEqual(len(texts), 2, texts)


if __name__ == "__main__":
    unittest.main()
