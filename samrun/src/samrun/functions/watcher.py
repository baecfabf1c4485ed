"""Watcher of the functions' files: notices which functions change while a stack runs."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing
from pathlib import Path

import watchfiles

from samrun.errors import UserError
from samrun.template.model.functions import Function

# Editors, compilers, version control, `sam build` and whoever keeps what samrun prints write these; none is code.
_FILTER = watchfiles.DefaultFilter(
    ignore_dirs=(*watchfiles.DefaultFilter.ignore_dirs, ".aws-sam"),
    ignore_entity_patterns=(*watchfiles.DefaultFilter.ignore_entity_patterns, r"\.log$", r"^nohup\.out$"),
)
_STEP = 200  # milliseconds, after which it is seen that a folder is gone or is back

_OUTPUTS = (1, 2)  # the standard output and the standard error

_Counts = Callable[[watchfiles.Change, str], bool]
_Identity = tuple[int, int]


class FolderNameError(UserError):
    """The name of a folder with code is no text, so that it cannot be watched. The message says what to do."""


async def changed_functions(
    functions: Collection[Function], *, ignored: Path, watching: asyncio.Event
) -> AsyncIterator[list[Function]]:
    """Watch the functions' files for ever, and yield the functions that changed together.

    Changes in the folder `ignored`, which may be beside the code, do not count. Sets `watching` once no change is
    missed. A folder that is deleted and comes back, as in a clean build, has changed. Raises FolderNameError.
    """
    ignored = ignored.resolve()
    # A single file is watched with its folder, since an editor may replace it by another of its name.
    folders = {path if path.is_dir() else path.parent for function in functions for path in function.watched}

    def counts(change: watchfiles.Change, path: str) -> bool:
        # The filter looks at each part of a path, and the project itself may be in a folder with such a name.
        inside = [Path(path).relative_to(folder) for folder in folders if Path(path).is_relative_to(folder)]
        if Path(path).is_relative_to(ignored) or _is_own_output(Path(path)):
            return False
        return any(_FILTER(change, str(each)) for each in inside)

    async with aclosing(_changes(folders, counts)) as changes:
        async for paths, returned in changes:
            watching.set()
            if found := [function for function in functions if _has_changed(function, paths, returned)]:
                yield found


async def _changes(folders: Collection[Path], counts: _Counts) -> AsyncGenerator[tuple[set[Path], set[Path]]]:
    """Yield the paths that changed together, and the folders that are back. Yields empty sets if nothing changed.

    The operating system no longer watches a folder that was deleted, even if there is one of its name again. So
    watching begins again whenever a folder is gone or another one is in its place.
    """
    returned: set[Path] = set()
    while True:
        watched, gone = _identities(folders), set[Path]()
        try:
            # `awatch` yields after its timeout too. Only this shows that it watches.
            async with aclosing(
                watchfiles.awatch(*watched, watch_filter=counts, step=100, rust_timeout=_STEP, yield_on_timeout=True)
            ) as changes:
                async for found in changes:
                    yield {Path(path) for _, path in found}, returned
                    returned = set()
                    # A new folder may have the identity of the deleted one.
                    gone = {Path(path) for change, path in found if change == watchfiles.Change.deleted}
                    if not gone.isdisjoint(watched) or _identities(folders) != watched:
                        break
        except FileNotFoundError:  # a folder was deleted before it was watched
            await asyncio.sleep(_STEP / 1000)
        except UnicodeEncodeError as error:
            names = ", ".join(sorted(ascii(str(each)) for each in watched if not _is_text(each)))
            raise FolderNameError(
                f"{names}: this name is not in UTF-8, so changes of the code there cannot be watched. If its "
                "characters are missing here, Python reads names in another encoding: set PYTHONUTF8=1. Else rename it."
            ) from error
        returned |= {
            folder
            for folder, identity in _identities(folders).items()
            if folder in gone or watched.get(folder) != identity
        }


def _is_text(path: Path) -> bool:
    """Tell whether a path is a text, and has no bytes that Python could not read as one."""
    return not any("\ud800" <= character <= "\udfff" for character in str(path))


def _identities(folders: Collection[Path]) -> Mapping[Path, _Identity]:
    """Return the folders that are there: two folders at one path, one after the other, mostly differ in this."""
    found = {folder: _identity(folder) for folder in folders}
    return {folder: identity for folder, identity in found.items() if identity}


def _identity(folder: Path) -> _Identity | None:
    try:
        found = folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _is_own_output(path: Path) -> bool:
    """Tell whether this process prints to a file: each restart of a function is a line there, and so a change."""
    try:
        found = path.stat()
        return any(os.path.samestat(found, os.fstat(output)) for output in _OUTPUTS)
    except OSError:  # the file is gone, or an output is closed
        return False


def _has_changed(function: Function, changed: Collection[Path], returned: Collection[Path]) -> bool:
    return any(
        any(path.is_relative_to(watched) for path in changed) or any(watched.is_relative_to(path) for path in returned)
        for watched in function.watched
    )
