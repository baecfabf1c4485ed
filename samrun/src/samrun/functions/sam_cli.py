"""SAM CLI: builds the functions of a template and runs them in containers of Lambda's image.

`sam build` creates their artifacts, and `sam local start-lambda` runs them. The SAM CLI reads its options from the
template's samconfig.toml too; the options that we add to the command line override those.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samrun.errors import UserError
from samrun.supervision import docker
from samrun.supervision.files import write_atomically
from samrun.supervision.ports import LOOPBACK
from samrun.supervision.process import Process
from samrun.template.values import samconfig

SAM_CLI_VARIABLE = "SAMRUN_SAM_CLI"
"""Environment variable with the SAM CLI's executable, for one that is not on the PATH as `sam`."""


class SamError(UserError):
    """The SAM CLI is missing, or cannot build the functions."""


@dataclass(frozen=True, kw_only=True)
class SamCli:
    """The SAM CLI for one template. `parameters` are the containers' values, `data` is the stack's folder.

    `env_vars` is a file with values of environment variables.
    """

    template: Path
    parameters: Mapping[str, str]
    data: Path
    env_vars: Path | None = None

    async def build(self) -> None:
        """Build every function. Raises SamError."""
        process = await Process.start(
            "sam build",
            self._command(
                *("build", "--template-file", self.template, "--build-dir", self._build_folder),
                *("--parallel", "--cached", "--cache-dir", self._build_folder.with_name("sam-cache")),
            ),
            log=self.data / "logs" / "sam-build.log",
        )
        try:
            if await process.wait():
                raise SamError(f"`sam build` failed. {process.log_tail()}")
        finally:
            await process.stop()

    async def start_lambda(self, port: int) -> Process:
        """Start Lambda's Invoke API on a port, and return at once."""
        return await Process.start(
            "sam local start-lambda",
            self._command(
                *("local", "start-lambda", "--template-file", self._build_folder / "template.yaml"),
                *("--host", LOOPBACK, "--port", str(port)),
                *("--add-host", f"{docker.HOST_NAME}:host-gateway"),
                *("--warm-containers", "LAZY"),
                # A missing image is still pulled. Docker only does not look for a newer one each time.
                "--skip-pull-image",
                *(("--env-vars", self.env_vars) if self.env_vars else ()),
            ),
            log=self.log,
        )

    @property
    def log(self) -> Path:
        """The log of `sam local start-lambda` and of the functions."""
        return self.data / "logs" / "sam.log"

    @property
    def _build_folder(self) -> Path:
        return (self.data / "sam").resolve()

    def _command(self, *arguments: str | Path) -> list[str | Path]:
        # In a file (JSON is YAML), since the command line would split some values.
        overrides = write_atomically(self.data.resolve() / "sam-parameters.yaml", json.dumps(self.parameters))
        config = samconfig.find(self.template.parent)
        options = ("--config-file", config.resolve()) if config else ()
        return [_executable(), *arguments, *options, "--parameter-overrides", f"file://{overrides}"]


def _executable() -> Path:
    """Return the SAM CLI: the executable that the environment names, or else `sam` on the PATH. Raises SamError."""
    named = os.environ.get(SAM_CLI_VARIABLE)
    if found := shutil.which(named or "sam"):
        return Path(found)
    if named:
        raise SamError(f"{SAM_CLI_VARIABLE} is {named!r}, which is no executable: correct it, or unset it.")
    raise SamError(
        "The SAM CLI is not installed: install aws-sam-cli (`pipx install aws-sam-cli`), "
        f"or set {SAM_CLI_VARIABLE} to its executable if it is not on the PATH."
    )
