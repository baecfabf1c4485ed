"""Paths of requests: as the client wrote them, and without the segments that are only for this machine."""

from starlette.types import Scope


def raw_path(scope: Scope) -> str:
    """Return the path with its `%xx`, as the client wrote it."""
    raw: bytes | None = scope.get("raw_path")
    return scope["path"] if raw is None else raw.decode("latin-1")


def without_segments(scope: Scope, count: int) -> Scope:
    """Return the scope of a request whose path lacks its first segments, which become the scope's `root_path`."""
    first, path = _split(scope["path"], count)
    _, raw = _split(raw_path(scope), count)
    return {**scope, "root_path": f"/{first}", "path": f"/{path}", "raw_path": f"/{raw}".encode("latin-1")}


def without_trailing_slash(path: str) -> str:
    """Return the path by which a method of a REST API is found: a slash at its end does not count."""
    return path.rstrip("/") or "/"


def _split(path: str, count: int) -> tuple[str, str]:
    segments = path[1:].split("/")
    return "/".join(segments[:count]), "/".join(segments[count:])
