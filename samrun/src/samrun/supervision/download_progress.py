"""Progress of a download: a bar in the status line of a terminal; elsewhere, a line for each quarter."""

import time

from samrun.supervision.terminal import Terminal

_WIDTH = 30
# Seconds between two pictures of the bar.
_INTERVAL = 0.1


class DownloadProgress:
    """Progress of a download of `size` bytes by `source`."""

    def __init__(self, terminal: Terminal, source: str, size: int) -> None:
        self._terminal = terminal
        self._source = source
        self._size = max(size, 1)
        self._shown_at = 0.0
        self._quarters = 0

    @property
    def total(self) -> str:
        """The size of the whole download, for people."""
        return _megabytes(self._size)

    def show(self, arrived: int) -> None:
        """Show how many bytes have arrived."""
        part = min(arrived / self._size, 1.0)
        text = f"{_megabytes(arrived)} of {self.total}"
        if not self._terminal.updates:
            if int(part * 4) > self._quarters:
                self._quarters = int(part * 4)
                self._terminal.step(self._source, text)
        elif time.monotonic() - self._shown_at > _INTERVAL:
            self._shown_at = time.monotonic()
            done = round(part * _WIDTH)
            self._terminal.show_status(self._source, f"[{'#' * done}{'.' * (_WIDTH - done)}] {text}")

    def end(self) -> None:
        """Remove the bar."""
        if self._terminal.updates:
            self._terminal.clear_status()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
