"""From a weights file to a network of spandrel's. Nothing in the file is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from restore import conversion, weights
from restore.errors import WeightsError
from restore.quiet import torch_quiet
from restore_spandrel.library import spandrel


def read(path: Path) -> Any:
    """Return spandrel's descriptor of the network that a file holds, on the CPU.

    Args:
        path: safetensors, or what ``torch.save`` wrote of a state_dict: .pth, .pt, .ckpt.

    Raises:
        PluginError: spandrel is not installed, or does not load.
        WeightsError: the file is absent or damaged, would run code, or holds no network that spandrel knows.
    """
    library = spandrel()
    loaded = _loaded(path)
    try:
        state = library.canonicalize_state_dict(loaded)
        with torch_quiet():  # old networks' code and a new torch
            return library.ModelLoader().load_from_state_dict(state)
    except library.UnsupportedModelError as error:
        raise _unknown(path, library.__version__) from error
    except MemoryError:
        raise
    except Exception as error:
        if not _holds_tensors(loaded):
            raise _unknown(path, library.__version__) from error
        reason = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise WeightsError(
            f"{path} resembles a network that spandrel {library.__version__} knows, and does not fit it "
            f"({type(error).__name__}: {reason})",
            "a newer spandrel may know it: pip install --upgrade spandrel; or the file is incomplete",
        ) from error


def _loaded(path: Path) -> Any:
    """Return the tensors, nested as the file has them.

    PyTorch files are read with ``weights_only``. spandrel's own loader restricts what a pickle may name, but it
    lets torch hand a TorchScript archive that is called .pth to ``torch.jit.load``, which runs what is in it.
    """
    if path.suffix.lower() == ".safetensors" or conversion.is_safetensors(path):
        return weights.read(path)[0]
    return conversion.load(path)


def _holds_tensors(loaded: Any) -> bool:
    return bool(conversion.tensors(loaded))


def _unknown(path: Path, version: str) -> WeightsError:
    return WeightsError(
        f"{path} holds no network that spandrel {version} knows",
        "weights of a model in `restore list models` go with its name: restore run NAME --weights FILE; "
        "a newer spandrel may know others: pip install --upgrade spandrel",
    )
