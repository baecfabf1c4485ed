"""Interpreter: a CPython of this machine, and what has to be known to install packages for it."""

import json
from dataclasses import dataclass
from pathlib import Path

from samrun.pythons.tool import run_tool

# Of a virtual environment, the base: the environments of functions outlive it. Each may have pip without the other.
_QUESTION = """
import importlib.util, json, subprocess, sys, sysconfig
base = getattr(sys, "_base_executable", None) or sys.executable
if sys.prefix == sys.base_prefix:
    has_pip = importlib.util.find_spec("pip") is not None
else:
    has_pip = subprocess.run([base, "-I", "-c", "import pip"], capture_output=True).returncode == 0
print(json.dumps({
    "executable": base,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "implementation": sys.implementation.name,
    "platform": sysconfig.get_platform(),
    "extension_suffix": sysconfig.get_config_var("EXT_SUFFIX") or "",
    "has_pip": has_pip,
}))
"""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """An interpreter. `version` has three numbers; `extension_suffix` ends the names of compiled modules for it."""

    executable: Path
    version: str
    implementation: str
    platform: str
    extension_suffix: str
    has_pip: bool

    @property
    def minor_version(self) -> str:
        """The version as a Runtime names it: 3.13."""
        return self.version.rpartition(".")[0]


async def inspect_interpreter(executable: Path) -> Interpreter | None:
    """Return the interpreter at a path; None if no CPython answers there, as behind a shim without a version."""
    result = await run_tool([executable, "-I", "-c", _QUESTION])
    if not result.succeeded:
        return None
    try:
        answer = json.loads(result.printed)
        interpreter = Interpreter(**{**answer, "executable": Path(answer["executable"])})
    except (ValueError, TypeError, KeyError):  # another program has the name
        return None
    return interpreter if interpreter.implementation == "cpython" else None
