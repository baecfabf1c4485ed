"""Chromium, the browser that takes the pictures."""

import os
import shutil

_NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "Chromium is needed: install it, or name its path in CHROMIUM."
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


def find() -> str | None:
    """Return the path of Chromium: the one in CHROMIUM, or the one on the PATH, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
