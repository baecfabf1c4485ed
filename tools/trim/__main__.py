"""`python -m tools.trim`: make the artifacts of `sam build` small and quick to start, before `sam deploy`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.trim.built_functions import built_functions
from tools.trim.bytecode import compile_artifact, interpreter_of
from tools.trim.compiled_templates import compile_templates
from tools.trim.errors import TrimError
from tools.trim.large_data import keep_locales, keep_services, remove_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.trim.built_functions import BuiltFunction

# A function's templates for people, by locale: its own, and so no other locale is ever formatted.
_LOCALES = "functions/*/templates/*/*/"


def trim(function: BuiltFunction, python: str | None = None) -> None:
    """Trim an artifact, and compile it by `python` or by the Python that it was built for. Raises TrimError."""
    artifact = function.folder
    if function.kept.services is not None:
        keep_services(artifact, function.kept.services)
    if locales := {folder.name for folder in artifact.glob(_LOCALES)}:
        keep_locales(artifact, locales)
    remove_packages(artifact, sorted(function.kept.without))
    python = python or interpreter_of(artifact)
    compile_templates(artifact, python)
    compile_artifact(artifact, python)


def megabytes(folder: Path) -> float:
    """Return the size of the files of a folder, in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1_000_000


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.trim", description=__doc__)
    parser.add_argument("--build", type=Path, default=Path(".aws-sam/build"), help="folder of `sam build`")
    parser.add_argument(
        "--python", help="the runtime's Python (default: the one of its compiled modules, from the PATH)"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Trim all artifacts of a build; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        functions = built_functions(options.build)
        for function in {function.folder: function for function in functions}.values():
            before = megabytes(function.folder)
            trim(function, options.python)
            print(f"{function.name}: {before:.0f} MB, trimmed to {megabytes(function.folder):.0f} MB")
    except TrimError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
