"""Images as the libraries outside torch take them, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def to_array(image: Tensor) -> Array:
    """Return an image ``(C, H, W)``, from any device, as float32 ``(H, W, C)``."""
    array: Array = image.detach().to("cpu", torch.float32).permute(1, 2, 0).contiguous().numpy()
    return array


def to_tensor(array: npt.NDArray[np.floating[Any]]) -> Tensor:
    """Return an array ``(H, W, C)`` as float32 ``(C, H, W)`` on the CPU."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).permute(2, 0, 1)
