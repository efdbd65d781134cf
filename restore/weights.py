"""Weights: safetensors files, shipped in a plugin's package or imported into the store, checked by hash.

Reading them never runs code, and what a header tells is read without torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.atomic import replacing
from restore.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from restore.plugin import WeightsSpec
    from restore.registry import Component

LONGEST_HEADER = 100_000_000
"""Bytes; the limit that the safetensors format sets."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a safetensors file says of itself."""

    metadata: Mapping[str, str]
    tensors: Mapping[str, tuple[str, tuple[int, ...]]]
    """Name -> (dtype, shape)."""

    @property
    def parameters(self) -> int:
        """How many numbers the tensors hold."""
        return sum(math.prod(shape) for _, shape in self.tensors.values())


def store() -> Path:
    """Return the folder of imported weights; it need not exist.

    It lies in ``$RESTORE_HOME``, else ``$XDG_CACHE_HOME/restore``, else ``~/.cache/restore``.
    """
    home = os.environ.get("RESTORE_HOME")
    cache = os.environ.get("XDG_CACHE_HOME")
    root = Path(home) if home else (Path(cache) if cache else Path.home() / ".cache") / "restore"
    return root.expanduser() / "weights"


def name_of(component: Component, weights: WeightsSpec) -> str:
    """Return ``model.tag``."""
    return f"{component.spec.name}.{weights.tag}"


def stored(component: Component, weights: WeightsSpec) -> Path:
    """Return where imported weights lie, whether they do or not.

    The hash is in the name, so that another version, or another plugin's model of that name, is another file.
    """
    return store() / f"{name_of(component, weights)}-{weights.sha256[:12]}.safetensors"


def locate(component: Component, weights: WeightsSpec) -> Path:
    """Return the file of the weights: the one in the store, else the one in the plugin's package.

    The store comes first so that importing mends a package whose file is damaged.

    Raises:
        WeightsError: neither exists.
    """
    for path in (stored(component, weights), resource(weights.file)):
        if path is not None and path.is_file():
            return path
    name = name_of(component, weights)
    raise WeightsError(
        f"the weights {name} are not here: {component.plugin.distribution} lacks {weights.file}",
        f"restore weights import {name} FILE, or reinstall {component.plugin.distribution}",
    )


def resource(location: str) -> Path | None:
    """Return the path that ``package:path`` means, without importing the package; None if no such package."""
    package, _, inside = location.partition(":")
    top, *rest = package.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    candidates = [Path(root).joinpath(*rest, inside) for root in spec.submodule_search_locations or ()]
    return next((path for path in candidates if path.is_file()), candidates[0] if candidates else None)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits. Raises WeightsError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def verify(path: Path, sha256: str) -> None:
    """Check a file against its hash. Raises WeightsError when it has another."""
    found = digest(path)
    if found != sha256:
        raise WeightsError(
            f"{path} is not the file that was published: its sha256 is {found[:12]}..., not {sha256[:12]}...",
            "the download or the disk damaged it, or it is another version; install or import it again",
        )


def header(path: Path) -> Header:
    """Read the header of a safetensors file, without torch.

    Raises:
        WeightsError: the file is absent, or no safetensors file.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(LONGEST_HEADER, path.stat().st_size - 8):
                raise _foreign(path, "its header has no sensible length")
            table: dict[str, Any] = json.loads(file.read(length))
            size = path.stat().st_size
        metadata = {str(key): str(value) for key, value in table.pop("__metadata__", {}).items()}
        tensors = {
            name: (str(entry["dtype"]), tuple(int(side) for side in entry["shape"])) for name, entry in table.items()
        }
        missing = 8 + length + max((int(e["data_offsets"][1]) for e in table.values()), default=0) - size
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _foreign(path, "its header is not the JSON that it should be") from error
    if missing > 0:
        raise WeightsError(
            f"{path} is cut short: its last {missing} bytes are missing", "copy, import or install it again"
        )
    return Header(metadata=metadata, tensors=tensors)


def read(path: Path, sha256: str | None = None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read weights.

    Args:
        path: a safetensors file.
        sha256: what its hash must be; checked before the file is opened.

    Returns:
        The state on the CPU, floating tensors in float32; and the header's metadata.

    Raises:
        WeightsError: the file is absent, damaged, no safetensors file, or not what the hash says.
    """
    if sha256 is not None:
        verify(path, sha256)
    metadata = dict(header(path).metadata)
    import torch
    from safetensors import SafetensorError, safe_open

    state = {}
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for name in file.keys():  # noqa: SIM118 - the reader is no mapping
                tensor = file.get_tensor(name)
                # A copy, because the reader's tensors are windows into the file.
                state[name] = tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)
    except (SafetensorError, OSError) as error:
        raise _foreign(path, str(error)) from error
    return state, metadata


def fill(module: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Put weights into a module.

    Args:
        module: a network.
        state: tensors by name, as ``read`` returns them.
        name: of the weights, for messages.

    Raises:
        WeightsError: they do not fit.
    """
    own = module.state_dict()
    problems = [f"{key} is missing" for key in own if key not in state]
    problems += [f"{key} is unknown" for key in state if key not in own]
    problems += [
        f"{key} is {tuple(state[key].shape)}, not {tuple(value.shape)}"
        for key, value in own.items()
        if key in state and state[key].shape != value.shape
    ]
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise WeightsError(
            f"{name} does not fit the network: {', '.join(problems[:3])}{more}",
            "give the options that it was trained with (--set key=value), or other weights",
        )
    module.load_state_dict(dict(state))


def write(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, str], *, half: bool = False) -> None:
    """Write weights under a temporary name and rename; the same input gives the same bytes.

    Args:
        path: the safetensors file; its folder is made.
        state: tensors by name.
        metadata: text for the header.
        half: store floating tensors as float16.

    Raises:
        WeightsError: a value that float16 cannot hold, or a file that cannot be written.
    """
    import torch
    from safetensors.torch import save

    tensors = {}
    for name, tensor in state.items():
        stored_as = torch.float16 if half and tensor.is_floating_point() else tensor.dtype
        tensors[name] = tensor.detach().to("cpu", stored_as, copy=True).contiguous()
        if stored_as != tensor.dtype and not torch.isfinite(tensors[name]).equal(torch.isfinite(tensor.cpu())):
            raise WeightsError(f"{name} has values that float16 cannot hold", "write the weights in float32")
    content = _sorted_header(save(tensors, dict(metadata)))
    with _replacing(path) as partial:
        partial.write_bytes(content)


def _sorted_header(content: bytes) -> bytes:
    """Put the header's metadata in order; the library writes it in a random one."""
    end = 8 + int.from_bytes(content[:8], "little")
    table = json.loads(content[8:end])
    if "__metadata__" in table:
        table["__metadata__"] = dict(sorted(table["__metadata__"].items()))
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that becomes ``path``, so that the file is there whole or not at all."""
    try:
        with replacing(path) as partial:
            yield partial
    except OSError as error:
        raise WeightsError(f"{path} cannot be written: {error.strerror or error}", "choose another place") from error


def install(source: Path, component: Component, weights: WeightsSpec) -> Path:
    """Copy a file that has the hash of the weights into the store; return its path. Raises WeightsError."""
    verify(source, weights.sha256)
    header(source)
    target = stored(component, weights)
    with _replacing(target) as partial:
        shutil.copyfile(source, partial)
        verify(partial, weights.sha256)
    return target


def _unreadable(path: Path, error: OSError) -> WeightsError:
    return WeightsError(f"{path} cannot be read: {error.strerror or error}", "check its name and who may read it")


def _foreign(path: Path, reason: str) -> WeightsError:
    other = f"{path.stem}{'-converted' if path.suffix == '.safetensors' else ''}.safetensors"
    return WeightsError(
        f"{path} is not a safetensors file: {reason}",
        f"restore weights convert {path.name} {other} turns a PyTorch checkpoint into one",
    )
