"""Schemathesis on the OpenAPI document of a running `stevie serve`, as every role: no 5xx, no undocumented answer,
every answer fits its schema, nothing is let through without a token.

Usage: api_schemathesis.py STEVIE_PROGRAM [--seconds N] [--examples N]

Ends with 77 (skipped) where STEVIE_PEERS_PYTHON names no Python with tests/peers/requirements.txt.
"""
import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from serving import Serving  # noqa: E402

SKIPPED = 77

# What fits its schema may still be refused: a session that has ended, a version that is not there. Which answers a
# refusal may have is checked all the same (status_code_conformance).
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,"
          "allow_header_conformance,ignored_auth")


def run(server, role, options, seconds):
    command = [options.schemathesis, "run", server.url + "/api/openapi.json", "--checks", CHECKS, "--max-examples",
               str(options.examples), "--max-time", str(seconds), "--seed", "1", "--warnings", "off",
               "--phases", options.phases, "--header", "Authorization: Bearer " + server.tokens[role],
               "--request-timeout", "20", "--suppress-health-check", "all", "--no-color", "--generation-database", "none",
               "--generation-allow-x00", "false"]
    print(f"== as {role}, {seconds} s at most", flush=True)
    # The viewer's and the operator's runs ask every route too: they meet 403 where their role ends.
    return subprocess.run(command, cwd=server.path).returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=int, default=45)
    parser.add_argument("--examples", type=int, default=4)
    parser.add_argument("--phases", default="examples,coverage,fuzzing")
    options = parser.parse_args()
    python = os.environ.get("STEVIE_PEERS_PYTHON", "")
    options.schemathesis = str(pathlib.Path(python).parent / "schemathesis")
    if not python or not os.access(options.schemathesis, os.X_OK):
        print("STEVIE_PEERS_PYTHON names no Python with tests/peers/requirements.txt: skipped")
        return SKIPPED
    failed = []
    with Serving(options.program, settings=["sessions.parallel=1"]) as server:
        for role, share in (("admin", 0.5), ("operator", 0.3), ("viewer", 0.2)):
            if run(server, role, options, max(5, int(options.seconds * share))) != 0:
                failed.append(role)
        if server.process.poll() is not None:
            failed.append("the server has ended")
    if failed:
        print("failed: " + ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
