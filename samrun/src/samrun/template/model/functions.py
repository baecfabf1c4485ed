"""Functions of an application."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class AsynchronousInvocation:
    """Settings of a function's asynchronous invocations, with Lambda's defaults.

    `maximum_retries` does not count the first attempt, and `maximum_age` is in seconds. The others are ARNs: of the
    destinations of records about events, and of the queue or topic that gets events that failed.
    """

    maximum_retries: int = 2
    maximum_age: float = 6 * 60 * 60
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter_queue: str | None = None


@dataclass(frozen=True, kw_only=True)
class DurableConfig:
    """Settings of a durable function: how long an execution may take, in seconds, and how long it is kept."""

    execution_timeout: int
    retention_days: int


@dataclass(frozen=True, kw_only=True)
class PreviewFolder:
    """Folder with rendered messages of the function `logical_id`, for people to look at. It need not exist."""

    logical_id: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Lambda function.

    `code` is the root of its deployment package: a folder; or a zip or another file, which becomes the only one of the
    package. Code that the template itself contains is `inline_code`, and `code` is then the file that it becomes.
    `code_uri` is the folder that the template names, `code` or one in it; the requirements.txt is there. `layers` are
    folders with modules, the first on the path first. `watched` are the folders and files whose changes restart the
    function. In a nested stack, `logical_id` is `STACK/FUNCTION`.
    """

    logical_id: str
    name: str
    arn: str
    runtime: str | None
    """Lambda's identifier (`python3.13`), or None for a container image."""
    handler: str
    code: Path
    watched: tuple[Path, ...]
    timeout: int
    """Seconds that an invocation may take."""
    memory: int
    """Megabytes that the function reads in its environment. The runner does not limit its memory."""
    concurrency: int | None
    """Maximum number of environments at a time, if the template reserves it."""
    environment: Mapping[str, str]
    log_format: Literal["Text", "JSON"]
    log_level: str | None = None
    """ApplicationLogLevel; it applies to the format JSON only."""
    inline_code: str | None = None
    layers: tuple[Path, ...] = ()
    layer_packages: tuple[str, ...] = ()
    """Packages of PyPI that stand for layers of AWS."""
    secrets_port: int | None = None
    """Port on which it finds AWS's parameters and secrets extension, if a layer has that."""
    qualifiers: frozenset[str] = frozenset()
    """Versions and aliases that the template publishes."""
    asynchronous: AsynchronousInvocation = AsynchronousInvocation()
    code_uri: Path | None = None
    template: Path | None = None
    """The template that declares the function."""
    durable: DurableConfig | None = None
    """The settings of its executions, if it is durable."""
    debug_port: int | None = None
    """Port on which the function waits for a debugger. Nothing limits its time then."""

    @property
    def handler_file(self) -> Path | None:
        """The file of a Python handler; None if it is in a zip, in the template itself, or in another language."""
        module = self.handler.rpartition(".")[0].replace(".", "/")
        file = self.code / f"{module}.py"
        return file if file.is_file() else None
