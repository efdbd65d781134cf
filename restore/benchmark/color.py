"""RGB -> luma as the super-resolution literature measures it."""

from __future__ import annotations

from torch import Tensor

from restore.errors import InputError

LUMA = (65.481, 128.553, 24.966)
"""BT.601 weights of R, G, B in [0, 1] that span 219 levels."""
BLACK = 16.0
"""BT.601 level of black."""


def studio_luma(rgb: Tensor, peak: float = 1.0) -> Tensor:
    """Return Y of BT.601 in studio range: ``16 + 65.481 R + 128.553 G + 24.966 B`` of 255, never rounded.

    It is computed element by element in float64: a matrix product may be done in TF32 on a GPU, which is
    worth 0.003 dB.

    Args:
        rgb: ``(B, 3, H, W)`` in ``[0, peak]``.
        peak: what white is.

    Returns:
        ``(B, 1, H, W)`` float64 in ``[16 / 255 peak, 235 / 255 peak]``.

    Raises:
        InputError: not three channels.
    """
    if rgb.ndim != 4 or rgb.shape[1] != 3:
        raise InputError(f"luma needs an RGB image (B, 3, H, W), not {tuple(rgb.shape)}")
    red, green, blue = (weight / 255 * rgb[:, i].double() for i, weight in enumerate(LUMA))
    return (red + green + blue + BLACK / 255 * peak)[:, None]
