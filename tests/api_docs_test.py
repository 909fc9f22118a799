"""Sends every curl line of docs/api.md to a running `stevie serve` and compares what comes back with the page.

Usage: api_docs_test.py STEVIE_PROGRAM [--write]

--write puts the answers of this run into the page. A server that follows the page has the same members with values of
the same types; the values differ from run to run. Needs curl, jq and bash; ends with 77 (skipped) where they are not
there.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from serving import Serving  # noqa: E402

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "api.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.S)
PYTHON = re.compile(r"```python\n(.*?)```", re.S)
SKIPPED, LONGEST, PATIENCE = 77, 44, 90
FREE = {"explanation", "evidence", "body", "config", "settings", "denials", "actions", "reasons"}  # members by kind of their subject


def shortened(value):
    if isinstance(value, dict):
        return {name: shortened(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shortened(member) for member in value[:1]]
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "..."
    return value


def differences(page, answer, place="answer"):
    """What the page shows that the answer does not have, or has otherwise."""
    if page is None or answer is None:
        return []
    numbers = (int, float)
    if isinstance(page, numbers) and isinstance(answer, numbers) and not isinstance(page, bool):
        return []
    if type(page) is not type(answer):
        return [f"{place} is {answer!r:.80}, and the page shows {page!r:.80}"]
    found = []
    if isinstance(page, dict) and place.rsplit(".", 1)[-1] not in FREE:
        for name in sorted(page.keys() ^ answer.keys()):
            found.append(f"{place}.{name} is {'not on the page' if name in answer else 'on the page alone'}")
        for name in page.keys() & answer.keys():
            found += differences(page[name], answer[name], f"{place}.{name}")
    if isinstance(page, list) and page and answer:
        found += differences(page[0], answer[0], place + "[0]")
    return found


def parsed(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text.strip()


class Shell:
    """Runs lines as one shell would, one at a time."""

    def __init__(self, folder, given):
        self.folder, self.given, self.known = folder, given, {}

    def run(self, line):
        name = re.match(r"([A-Z_]+)=", line)
        if name and name.group(1) in self.given:
            self.known[name.group(1)] = self.given[name.group(1)]
            return ""
        keep = f'; printf %s "${name.group(1)}" > .variable' if name else ""
        done = subprocess.run(["bash", "-c", line + keep], cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, **self.known})
        if done.returncode != 0:
            raise RuntimeError(f"{line}\n{done.stderr}")
        if name:
            self.known[name.group(1)] = (self.folder / ".variable").read_text()
        return done.stdout


def commands_of(block):
    lines, commands, output = block.splitlines(), [], []
    while lines:
        line = lines.pop(0)
        if line.startswith("$ "):
            commands.append(line[2:])
        else:
            output.append(line)
    return commands, "\n".join(output)


def play(shell, commands):
    """What the last command prints. What is not there yet (409), or worked on, is asked for again for a while."""
    deadline = time.monotonic() + PATIENCE
    while True:
        for command in commands:
            text = shell.run(command)
        answer = parsed(text)
        waits = isinstance(answer, dict) and answer.get("code") == "api.conflict" and "-d" not in commands[-1]
        waits = waits or isinstance(answer, dict) and answer.get("state") == "working"
        if not waits or time.monotonic() > deadline:
            return answer
        time.sleep(0.5)


def main():
    write = "--write" in sys.argv
    if not all(shutil.which(program) for program in ("bash", "curl", "jq")):
        print("curl, jq or bash is missing: skipped")
        return SKIPPED
    page, faults = PAGE.read_text(), []
    with Serving(sys.argv[1], set_up=False) as server:
        server.wait_for_the_end()
        shell = Shell(server.path, {"URL": server.url, "SETUP": server.setup_token})

        def replay(match):
            commands, shown = commands_of(match.group(1))
            answer = play(shell, commands)
            answer = json.loads(json.dumps(answer).replace(str(server.path) + "/", ""))
            expected_problem = "/api/rl-training/status" in commands[-1] and "AUTH" not in commands[-1]
            if isinstance(answer, dict) and "what_to_do" in answer and not expected_problem:
                faults.append(f"{commands[-1]}\n  is refused: {answer}")
            if write:
                text = shortened(answer)
                text = json.dumps(text, indent=1, ensure_ascii=False) if not isinstance(text, str) else text
                body = "".join(f"$ {command}\n" for command in commands) + (text + "\n" if text else "")
                return f"```console\n{body}```"
            for difference in differences(parsed(shown), shortened(answer)):
                faults.append(f"{commands[-1]}\n  {difference}")
            return match.group(0)

        new = BLOCK.sub(replay, page)
        python = os.environ.get("STEVIE_PEERS_PYTHON")
        for example in PYTHON.findall(page) if python else []:
            done = subprocess.run([python, "-c", example], env={**os.environ, **shell.known}, capture_output=True,
                                  text=True, timeout=60)
            if done.returncode != 0 or not done.stdout.startswith("welcome"):
                faults.append(f"the Python example gives {done.stdout!r} {done.stderr[-500:]}")
    if write:
        PAGE.write_text(new)
    print(f"{len(BLOCK.findall(page))} blocks of {PAGE.name}, {len(faults)} faults")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
