"""Missing packages: advice for a function whose init failed since it imports a package that it does not have."""

import json
import re
import sys

from samrun.pythons.function_python import Origin
from samrun.pythons.requirements import path_for_people
from samrun.template.model.functions import Function

_MISSING = re.compile(r"No module named '([^']+)'")


def advice_on_missing_package(function: Function, origin: Origin, init_error: bytes) -> str | None:
    """Return advice about an import that failed, or None if the init failed for another reason.

    `origin` says where the function's packages come from. `init_error` is the JSON that the runtime client reports.
    """
    error = json.loads(init_error)
    found = _MISSING.search(str(error.get("errorMessage")))
    if error.get("errorType") != "Runtime.ImportModuleError" or found is None:
        return None
    module = found[1].partition(".")[0]
    if module == function.handler.replace("/", ".").partition(".")[0]:
        return None  # the handler itself is missing
    requirements = path_for_people((function.code_uri or function.code) / "requirements.txt")
    match origin:
        case "samrun":
            there = (function.code_uri or function.code) / "requirements.txt"
            wanted = f"-r {there}" if there.is_file() else f"PACKAGE   (the one that has {found[1]})"
            return (
                f"With --use-current-env, functions run with samrun's own packages, which have no {module}. Start "
                f"without that option, or install it there:\n{sys.executable} -m pip install {wanted}"
            )
        case "sam build":
            return (
                f"{module} is not in the artifact of `sam build`: name the package that has it in {requirements}, "
                "and build again."
            )
        case "code":
            return (
                f"{module} is not in {path_for_people(function.code)}, which has all of the function's packages: "
                "add it there."
            )
        case "requirements":
            return (
                f"{module} is not in {requirements}, nor in what its packages bring along: name the package that has "
                "it, and samrun installs that."
            )
