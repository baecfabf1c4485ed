"""Wheels made by hand, and a requirements.txt that installs them, so that tests of installations need no network."""

import base64
import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path


def write_wheel(folder: Path, name: str, modules: dict[str, str], *, version: str = "1.0", needs: str = "") -> Path:
    """Write a wheel with modules, by file name, into a folder. `needs` is a requirement of it."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = modules | {
        f"{info}/METADATA": metadata + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_urlsafe(text)},{len(text.encode())}\n" for path, text in files.items())
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return wheel


def write_requirements(folder: Path, wheels: Path, lines: Iterable[str]) -> Path:
    """Write a requirements.txt that finds its packages among wheels, and nowhere else."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "requirements.txt"
    file.write_text("\n".join(["--no-index", f"--find-links {wheels}", *lines]) + "\n")
    return file


def with_hash(requirement: str, wheel: Path) -> str:
    """Return a line of a requirements.txt that accepts this wheel alone."""
    return f"{requirement} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def _urlsafe(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
