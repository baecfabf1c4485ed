"""Downloads of Java programs: from Maven's repository into the user's cache, each program whole or not at all.

`python -m samrun.services.maven GROUP:NAME:VERSION` prints the folder with a program and all its dependencies.
"""

import logging
import shutil
import sys
from http import HTTPStatus
from pathlib import Path

import filelock
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import EnvironmentBuilder
from jgo.maven import Artifact, MavenContext, PythonResolver
from jgo.util import http

from samrun.errors import SamrunError
from samrun.supervision.files import user_cache


class FetchError(SamrunError):
    """A file could not be downloaded. The message names the file and the cause."""


def fetch(program: str, *, cache: Path, repository: str = MAVEN_CENTRAL_URL) -> Path:
    """Return the folder of a program `group:name:version` (several artifacts joined by `+`); fetch it if necessary.

    A fetch may be killed at any moment: its program does not count as complete, and the next fetch continues with
    the files that had arrived. Raises FetchError.
    """
    cache.mkdir(parents=True, exist_ok=True)
    # A class path separates its folders by colons.
    complete = cache / "programs" / program.replace(":", "-")
    with filelock.FileLock(cache / "lock"):  # several stacks may start at once on a new machine
        if not complete.is_dir():
            unfinished = cache / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)  # left by a fetch that was killed
            context = MavenContext(
                resolver=_WholeFiles(unfinished), repo_cache=cache / "repository", remote_repos={"maven": repository}
            )
            built = EnvironmentBuilder(context, cache_dir=unfinished).from_endpoint(program)
            complete.parent.mkdir(exist_ok=True)
            built.path.rename(complete)
            shutil.rmtree(unfinished)
    return complete


class _WholeFiles(PythonResolver):
    """Resolver that moves only whole files to the repository, since jgo trusts every file there.

    It downloads into a folder of its own. When jgo cannot download a library's description, it builds the program
    without the library. Here it does so only if the description does not exist (a few POMs name such libraries). Any
    other problem is a FetchError, which jgo does not catch.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def download(self, artifact: Artifact) -> Path | None:
        context, repository = artifact.context, artifact.context.repo_cache
        context.repo_cache = self._folder
        try:
            arrived = super().download(artifact)
        except (OSError, RuntimeError) as error:
            if isinstance(error, OSError) or _status(artifact) != HTTPStatus.NOT_FOUND:
                raise FetchError(f"{artifact}: {error}") from error
            raise
        finally:
            context.repo_cache = repository
        if arrived is None:
            return None
        whole = repository / arrived.relative_to(self._folder)
        whole.parent.mkdir(parents=True, exist_ok=True)
        return arrived.rename(whole)


def _status(artifact: Artifact) -> int:
    """Return the status of the repository's answer for an artifact; jgo itself only reports that it was not 200."""
    [repository] = artifact.context.remote_repos.values()
    url = f"{repository}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
    try:
        return http.head(url, timeout=artifact.context.timeout, allow_redirects=True).status_code
    except OSError as error:
        raise FetchError(f"{artifact}: {error}") from error


def _main() -> None:
    # jgo warns about native libraries in Maven's repository, because they are not jars. They need not be.
    logging.getLogger("jgo").setLevel(logging.ERROR)
    print(fetch(sys.argv[1], cache=user_cache()))


if __name__ == "__main__":
    _main()
