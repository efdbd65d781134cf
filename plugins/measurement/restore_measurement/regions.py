"""The pixels that a protocol leaves to measure."""

from __future__ import annotations

from torch import Tensor

from restore.benchmark.protocol import Protocol


def measured(mask: Tensor | None, protocol: Protocol) -> Tensor | None:
    """Return a mask ``(B, 1, H, W)`` cropped as the protocol crops images."""
    border = protocol.border()
    if mask is None or not border:
        return mask
    return mask[..., border : mask.shape[-2] - border, border : mask.shape[-1] - border]
