"""tools/check_layers finds what it is there to find, and nothing in this repository."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def check(root):
    program = [sys.executable, str(ROOT / "tools" / "check_layers"), str(root)]
    return subprocess.run(program, capture_output=True, text=True, check=False)


class CheckLayers(unittest.TestCase):
    def tree(self, files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in {"src/layers.txt": "# comment\nlow\nhigh\n", **files}.items():
            path = pathlib.Path(folder.name) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder.name

    def test_this_repository_keeps_its_layers(self):
        result = check(ROOT)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.returncode, 0)

    def test_a_folder_may_include_itself_and_what_lies_above(self):
        result = check(self.tree({
            "src/low/a.h": '#include <vector>\n#include "low/b.h"\n',
            "src/low/b.h": "",
            "src/high/c.cpp": '#include "low/a.h"\n#include "high/c.h"\n',
        }))
        self.assertEqual((result.stdout, result.returncode), ("", 0))

    def test_every_violation_is_reported_with_its_line(self):
        result = check(self.tree({
            "src/low/a.h": '#pragma once\n#include "high/c.h"\n#  include "high/d.h"\n',
            "src/low/a_test.cpp": '#include "high/c.h"\n',
        }))
        self.assertEqual(result.returncode, 1)
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 3)
        for line, place in zip(lines, ["low/a.h:2", "low/a.h:3", "low/a_test.cpp:1"]):
            self.assertIn(place, line)
            self.assertIn("low may not include high", line)

    def test_includes_without_their_folder_and_unlisted_folders_are_reported(self):
        result = check(self.tree({
            "src/low/a.h": '#include "b.h"\n#include "elsewhere/c.h"\n',
            "src/low/b.h": "",
            "src/other/d.h": "",
        }))
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stdout.splitlines()), 3)

    def test_a_tree_without_layers_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(check(folder).returncode, 2)


if __name__ == "__main__":
    unittest.main()
