"""Files that are there whole or not at all: written under a temporary name, brought to the disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from restore.errors import InputError

NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What file systems answer that cannot be told to bring a file to the disk."""


@contextlib.contextmanager
def replacing(target: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a path in the folder of ``target``; the file that the block writes there then becomes ``target``.

    Its bytes are on the disk before it has its name, so not even a loss of power leaves half a file. Whatever
    goes wrong, a file that was there stays as it was, and nothing else is left behind.

    Args:
        target: the file; its folder is made if it is missing. A link is replaced, not followed.
        overwrite: whether a file that is there may be replaced. Its permissions stay.

    Raises:
        InputError: not to be replaced, and there already, or there since another wrote it during the block.
        OSError: the disk refuses.
    """
    if not overwrite and os.path.lexists(target):
        raise _exists(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Of a length of its own: the target's name may be as long as the file system allows.
    temporary = target.parent / f".restore-{os.getpid()}-{secrets.token_hex(6)}.tmp"
    try:
        yield temporary
        _bring_to_disk(temporary)
        if overwrite:
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
        else:
            _name_anew(temporary, target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _bring_to_disk(path: Path) -> None:
    # Reading suffices, and is possible where the umask denies writing; only Windows wants more.
    handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0) if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
    finally:
        os.close(handle)


def _name_anew(temporary: Path, target: Path) -> None:
    """Give the file a name that no other has; a plain rename would replace what has come meanwhile."""
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise _exists(target) from None
    except (OSError, NotImplementedError):  # no hard links here
        _name_by_placeholder(temporary, target)


def _name_by_placeholder(temporary: Path, target: Path) -> None:
    """Claim the name by an empty file, which alone then is replaced."""
    try:
        target.open("xb").close()
    except FileExistsError:
        raise _exists(target) from None
    try:
        temporary.replace(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _exists(target: Path) -> InputError:
    return InputError(f"{target} exists already", "choose another name, or allow --overwrite (overwrite=True)")
