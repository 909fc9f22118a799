"""Verifies a ledger as an outsider would: from the documentation, with nothing but Python's standard library.

Usage: ledger_verify_test.py STEVIE_PROGRAM
"""
import csv
import hashlib
import io
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))


# What docs/ledger.md shows: keep the two alike.
def netstrings(*fields):
    return b"".join(b"%d:%s," % (len(f), f) for f in (str(x).encode() for x in fields))


def merkle_root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + merkle_root(leaves[:left]) + merkle_root(leaves[left:])).digest()


def verify(database, head_file):
    head, previous, leaves = json.loads(pathlib.Path(head_file).read_text()), "0" * 64, []
    for row in sqlite3.connect(database).execute(
            "SELECT sequence, time, kind, author, body, previous_hash, hash FROM ledger_events ORDER BY sequence"):
        leaf = hashlib.sha256(b"\0" + netstrings("stevie-event-1", *row[:6]))
        assert row[0] == len(leaves) + 1 and row[5] == previous and row[6] == leaf.hexdigest(), f"event {row[0]}"
        previous, leaves = row[6], leaves + [leaf.digest()]
    assert len(leaves) >= head["sequence"], "the log was cut"
    assert merkle_root(leaves[:head["sequence"]]).hex() == head["root"], "the log was rewritten"
    return len(leaves)
# What docs/ledger.md shows ends here.


class LedgerFromOutside(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="stevie_test_")
        self.addCleanup(shutil.rmtree, self.folder)
        self.database = os.path.join(self.folder, "stevie.db")
        for reason in ("first", 'a "test", of\nlines', "65 %", "last"):
            self.stevie("ledger", "adopt", "--by", "Zoë", "--reason", reason)

    def stevie(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.folder, capture_output=True, encoding="utf-8")
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def tamper(self, statement):
        """Past the triggers, as somebody may who owns the file."""
        connection = sqlite3.connect(self.database)
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()
        connection.close()

    def verify(self):
        return verify(self.database, self.database + ".head")

    def test_the_documented_form_is_what_the_program_writes(self):
        events = [json.loads(line) for line in self.stevie("ledger", "export").splitlines()]
        self.assertEqual(len(events), 4)
        self.assertEqual(self.verify(), 4)
        names = ("sequence", "time", "kind", "author", "body", "previous_hash")
        for event in events:
            data = netstrings("stevie-event-1", *(event[name] for name in names))
            self.assertEqual(hashlib.sha256(b"\0" + data).hexdigest(), event["hash"])
        rows = list(csv.DictReader(io.StringIO(self.stevie("ledger", "export", "--format", "csv"), newline="")))
        self.assertEqual([row["body"] for row in rows], [event["body"] for event in events])

    def test_the_documentation_shows_this_program(self):
        here = pathlib.Path(__file__).resolve()
        source = here.read_text(encoding="utf-8")
        shown = source.split("# What docs/ledger.md shows: keep the two alike.\n")[1]
        shown = shown.split("# What docs/ledger.md shows ends here.\n")[0].rstrip()
        self.assertIn(shown, (here.parents[1] / "docs" / "ledger.md").read_text(encoding="utf-8"))

    def test_both_find_a_change(self):
        self.tamper("UPDATE ledger_events SET body = replace(body, '65', '66') WHERE sequence = 3")
        self.assertIn("FAULT changed: event 3", self.stevie("ledger", "verify", code=2))
        with self.assertRaisesRegex(AssertionError, "event 3"):
            self.verify()

    def test_both_find_a_cut(self):
        self.tamper("DELETE FROM ledger_events WHERE sequence = (SELECT max(sequence) FROM ledger_events)")
        self.assertIn("FAULT truncated", self.stevie("ledger", "verify", code=2))
        with self.assertRaisesRegex(AssertionError, "cut"):
            self.verify()

    def test_proofs_can_be_checked(self):
        proof = json.loads(self.stevie("ledger", "prove", "2", "--size", "3"))
        leaf, path = bytes.fromhex(proof["leaf"]), [bytes.fromhex(node) for node in proof["path"]]
        node = hashlib.sha256(b"\1" + path[0] + leaf).digest()  # event 1 | event 2
        node = hashlib.sha256(b"\1" + node + path[1]).digest()  # both | event 3
        self.assertEqual(node.hex(), proof["root"])
        self.assertEqual(self.stevie("ledger", "root", "--size", "3").strip(), proof["root"])

    @unittest.skipUnless(shutil.which("openssl"), "the program openssl is not installed")
    def test_openssl_checks_the_signature(self):
        head = json.loads(pathlib.Path(self.database + ".head").read_text())
        message, signature = (os.path.join(self.folder, name) for name in ("message", "signature"))
        with open(message, "wb") as file:
            file.write(netstrings("stevie-head-1", head["sequence"], head["time"], head["root"]))
        with open(signature, "wb") as file:
            file.write(bytes.fromhex(head["signature"]))
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", self.database + ".pub", "-rawin", "-in",
                   message, "-sigfile", signature]
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, 0)


if __name__ == "__main__":
    unittest.main()
