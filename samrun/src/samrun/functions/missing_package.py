"""Missing packages: advice for a function whose init failed since it imports a package that is not installed."""

import json
import re
import sys

from samrun.template.model.functions import Function

_MISSING = re.compile(r"No module named '([^']+)'")


def advice_on_missing_package(function: Function, init_error: bytes) -> str | None:
    """Return advice about an import that failed, or None if the init failed for another reason.

    `init_error` is the JSON that the runtime client reports.
    """
    error = json.loads(init_error)
    found = _MISSING.search(str(error.get("errorMessage")))
    if error.get("errorType") != "Runtime.ImportModuleError" or found is None:
        return None
    package = found[1].partition(".")[0]
    if package == function.handler.replace("/", ".").partition(".")[0]:
        return None  # the handler itself is missing
    requirements = function.code / "requirements.txt"
    wanted = f"-r {requirements}" if requirements.is_file() else f"PACKAGE   (the one that has {found[1]})"
    return (
        f"samrun runs functions with its own Python environment, which has no {package}. Install it there:\n"
        f"{sys.executable} -m pip install {wanted}"
    )
