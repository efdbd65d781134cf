"""How a script beside the toolkit ends: with a line for people and an exit code, as the command line does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from restore.errors import INTERRUPTED, RestoreError


@contextmanager
def errors_told() -> Iterator[None]:
    """Tell an error that is raised on purpose within, or that the user interrupts, and exit; a decorator too.

    Raises:
        SystemExit: with the error's exit code, or 130.
    """
    try:
        yield
    except RestoreError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        raise SystemExit(INTERRUPTED) from None
