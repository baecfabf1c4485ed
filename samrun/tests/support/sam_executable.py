"""An executable that stands for the SAM CLI."""

import sys
from pathlib import Path

import pytest

_SAM = f"""#!{sys.executable}
import http.server, json, os, sys
with open("commands.jsonl", "a") as commands:
    commands.write(json.dumps(sys.argv[1:]) + "\\n")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.path).encode())

if "start-lambda" in sys.argv:
    port = int(sys.argv[sys.argv.index("--port") + 1])
    http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def install_sam(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the executable into a folder, which becomes the current one.

    It answers each invocation with the path of the request. It writes its command lines to the file that is returned,
    as a JSON list on each line.
    """
    (folder / "sam").write_text(_SAM)
    (folder / "sam").chmod(0o755)
    monkeypatch.setenv("SAMRUN_SAM_CLI", str(folder / "sam"))
    monkeypatch.chdir(folder)
    return folder / "commands.jsonl"
