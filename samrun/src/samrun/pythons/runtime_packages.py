"""Packages that Lambda's Python runtimes have by themselves: AWS's SDK and AWS's runtime client.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-dependencies

samrun's own environment has them all, and in Python, so that any interpreter can import them from there. Their versions
are those of samrun's environment: AWS changes those of Lambda every few weeks.
"""

import shutil
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

from samrun.pythons.interpreter import Interpreter

_DISTRIBUTIONS = (
    # The SDK, with what it needs.
    *("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"),
    # The runtime client, with what it needs.
    *("awslambdaric", "simplejson", "snapshot-restore-py"),
)
_COMPILED = "runtime_client."
"""The beginning of the name of the compiled module of AWS's runtime client."""
CLIENT_IN_PYTHON = Path(__file__).parent / "client_in_python"
"""The folder with a module in Python that stands for the compiled one."""


def link_runtime_packages(folder: Path, interpreter: Interpreter) -> tuple[Path, ...]:
    """Make a folder with Lambda's own packages for an interpreter, as links to those of samrun.

    Returns what comes on the path: the folder, and that of the client in Python for an interpreter for which samrun's
    environment has no compiled module.
    """
    compiled = has_compiled_client() and interpreter.extension_suffix == sysconfig.get_config_var("EXT_SUFFIX")
    packages = folder / ("with-compiled-client" if compiled else "with-client-in-python")
    shutil.rmtree(packages, ignore_errors=True)  # of an earlier start, maybe by another samrun
    packages.mkdir(parents=True)
    for name in _DISTRIBUTIONS:
        for path in _top_level(name):
            if compiled or not path.name.startswith(_COMPILED):
                (packages / path.name).symlink_to(path)
    return (packages,) if compiled else (packages, CLIENT_IN_PYTHON)


def has_compiled_client() -> bool:
    """Tell whether samrun's environment has the compiled module; AWS makes it for Linux alone."""
    return any(path.name.startswith(_COMPILED) for path in _top_level("awslambdaric"))


def _top_level(name: str) -> list[Path]:
    """Return the files and folders of a distribution that are directly in a folder for packages."""
    found = distribution(name)
    names = {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}
    return sorted(Path(str(found.locate_file(each))).resolve() for each in names)
