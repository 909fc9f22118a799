"""A running server under the attacks of tools/attack_server, in their short form: a well-behaved client is answered
meanwhile, trading goes on, and memory and files come back. How fast it is meanwhile is not judged here."""
import os
import subprocess
import sys

TOOL = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tools", "attack_server")


def main():
    program = sys.argv[1]
    done = subprocess.run([sys.executable, TOOL, program, "--short"], timeout=280)
    assert done.returncode == 0, "an attack was not survived as it should be: see above"
    # Nothing but this machine is ever attacked.
    for url in ("http://192.0.2.1:80", "https://127.0.0.1:80", "http://example.com:80", "http://127.0.0.1"):
        refused = subprocess.run([sys.executable, TOOL, "--url", url], timeout=60, capture_output=True, text=True)
        assert refused.returncode == 1 and "only http://127" in refused.stderr, (url, refused)


if __name__ == "__main__":
    main()
