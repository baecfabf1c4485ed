"""Fetches Java programs from Maven's repository into the user's cache, each whole or not at all.

`python -m local.maven GROUP:NAME:VERSION` prints the folder of the program with everything that it depends on.
"""

import logging
import os
import shutil
import sys
from http import HTTPStatus
from pathlib import Path

import filelock
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import EnvironmentBuilder
from jgo.maven import Artifact, MavenContext, PythonResolver
from jgo.util import http


class FetchError(Exception):
    """A file could not be downloaded; the message says which and why."""


def user_cache() -> Path:
    """Return the folder that all checkouts of this user share."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "local-java")


def fetch(program: str, *, cache: Path, repository: str = MAVEN_CENTRAL_URL) -> Path:
    """Return the folder of a program `group:name:version` (several artifacts joined by `+`), fetched if need be.

    Whenever a fetch is killed, nothing of it is taken for complete, and the next one goes on with the files that
    had arrived. Raises FetchError.
    """
    cache.mkdir(parents=True, exist_ok=True)
    # A colon would end the folder's name in a class path.
    complete = cache / "programs" / program.replace(":", "-")
    with filelock.FileLock(cache / "lock"):  # several stacks may start at once on a new machine
        if not complete.is_dir():
            unfinished = cache / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)  # of a fetch that was killed
            context = MavenContext(
                resolver=_WholeFiles(unfinished), repo_cache=cache / "repository", remote_repos={"maven": repository}
            )
            built = EnvironmentBuilder(context, cache_dir=unfinished).from_endpoint(program)
            complete.parent.mkdir(exist_ok=True)
            built.path.rename(complete)
            shutil.rmtree(unfinished)
    return complete


class _WholeFiles(PythonResolver):
    """Downloads into a folder of its own and moves what is whole to the repository, where jgo trusts all it finds.

    jgo builds a program without a library whose description it cannot download. Here it does so only where there is
    none (a few POMs name such): any other trouble is a FetchError, which jgo lets through.
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
    """Return how the repository answers for an artifact; jgo itself tells nothing but that it was not a 200."""
    [repository] = artifact.context.remote_repos.values()
    url = f"{repository}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
    try:
        return http.head(url, timeout=artifact.context.timeout, allow_redirects=True).status_code
    except OSError as error:
        raise FetchError(f"{artifact}: {error}") from error


def _main() -> None:
    # It warns of native libraries in Maven's repository, which are no jars and need not be.
    logging.getLogger("jgo").setLevel(logging.ERROR)
    print(fetch(sys.argv[1], cache=user_cache()))


if __name__ == "__main__":
    _main()
