"""Templates of Jinja in an artifact, compiled: each cold start would compile all of them again.

Jinja generates Python code here, the same on each machine, and the interpreter of the artifact makes byte code of it.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from functions.notify.messages.compiled_templates import SUFFIX
from functions.notify.messages.templating import BrokenTemplatesError, generate_code
from tools.trim.bytecode import IN_LAMBDA
from tools.trim.errors import TrimError

if TYPE_CHECKING:
    from pathlib import Path

_TEMPLATES = "functions/notify/templates"
# It needs no package: those of the artifact may be for another processor than this machine's.
_COMPILE = """
import json, marshal, sys
from importlib.util import MAGIC_NUMBER
folder, generated = json.load(sys.stdin)
codes = {name: (digest, compile(code, f"{folder}/{name}", "exec")) for name, (digest, code) in generated.items()}
sys.stdout.buffer.write(MAGIC_NUMBER + marshal.dumps(codes))
"""


def compile_templates(artifact: Path, python: str) -> None:
    """Write the compiled templates of an artifact that renders some, beside them. Raises TrimError."""
    templates = artifact / _TEMPLATES
    if not templates.is_dir() or not (artifact / "jinja2").is_dir():
        return
    compiled = templates.with_suffix(SUFFIX)
    compiled.unlink(missing_ok=True)
    try:
        generated = generate_code(templates)
    except BrokenTemplatesError as error:
        raise TrimError(f"{artifact.name} has templates that cannot be rendered:\n{error}") from error
    done = subprocess.run(
        [python, "-I", "-c", _COMPILE],
        input=json.dumps([f"{IN_LAMBDA}/{_TEMPLATES}", generated]).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise TrimError(f"{python} cannot compile the templates of {artifact.name}:\n{done.stderr.decode()}")
    compiled.write_bytes(done.stdout)
