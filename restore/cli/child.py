"""``python -m restore.cli.child``: the command line as one of several processes, which stops when its parent does."""

from __future__ import annotations

import os
import signal
import sys
import threading

from restore.cli import main


def stop_with_parent() -> None:
    """Ask this process to stop, as a polite kill does, once nobody holds the other end of its standard input.

    A parent that is killed outright cannot pass the signal on; its end of the pipe is closed all the same.
    """
    threading.Thread(target=_wait, args=(sys.stdin.fileno(),), daemon=True).start()


def _wait(source: int) -> None:
    # Not through sys.stdin, whose lock a thread may not hold when Python ends.
    while os.read(source, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    stop_with_parent()
    main()
