"""Current Python: every function runs with samrun's own interpreter and packages, which takes no time to prepare."""

import sys
from collections.abc import Sequence
from pathlib import Path

from samrun.pythons.function_python import FunctionPython, PreparedFunction
from samrun.pythons.runtime_packages import CLIENT_IN_PYTHON, has_compiled_client
from samrun.template.model.functions import Function

CURRENT = FunctionPython(
    executable=Path(sys.executable),
    version=f"{sys.version_info.major}.{sys.version_info.minor}",
    origin="samrun",
    runtime_packages=() if has_compiled_client() else (CLIENT_IN_PYTHON,),
)
"""The Python that runs samrun."""


class CurrentPython:
    """Pythons that are all samrun's own."""

    async def prepare(self, functions: Sequence[Function]) -> list[PreparedFunction]:
        """Return the functions with samrun's own Python."""
        return [PreparedFunction(function=function, python=CURRENT) for function in functions]
