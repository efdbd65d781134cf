"""Checkpoints of spandrel's architectures in small, with random numbers, and spandrel's own answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from restore.quiet import torch_quiet
from restore_spandrel.library import spandrel

SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "esrgan": ("ESRGAN", {"num_filters": 8, "num_blocks": 1, "scale": 2}),
    "shuffled": ("ESRGAN", {"num_filters": 8, "num_blocks": 1, "scale": 4, "in_nc": 48, "shuffle_factor": 4}),
    "compact": ("Compact", {"num_feat": 8, "num_conv": 2, "upscale": 2}),
    "compact-gray": ("Compact", {"num_feat": 8, "num_conv": 2, "upscale": 1, "num_in_ch": 1, "num_out_ch": 1}),
    "compact-cmyk": ("Compact", {"num_feat": 8, "num_conv": 2, "upscale": 1, "num_in_ch": 4, "num_out_ch": 4}),
    "swinir": (
        "SwinIR",
        {
            "img_size": 16, "embed_dim": 12, "depths": [2], "num_heads": [2], "window_size": 8, "mlp_ratio": 2.0,
            "upscale": 2, "upsampler": "pixelshuffledirect",
        },
    ),
    "dncnn": ("DnCNN", {"in_nc": 3, "out_nc": 3, "nc": 8, "nb": 10, "act_mode": "R"}),
    "rcan": ("RCAN", {"scale": 2, "n_resgroups": 1, "n_resblocks": 1, "n_feats": 8, "reduction": 4}),
    "ipt": ("IPT", {"n_feats": 4, "num_layers": 1, "patch_size": 12}),
    "lama": ("LaMa", {"in_nc": 4, "out_nc": 3}),
}  # fmt: skip
"""Name -> class of spandrel and its settings."""


@pytest.fixture(scope="session")
def library() -> Any:
    return spandrel()


@pytest.fixture(scope="session")
def state(library: Any) -> Callable[[str], dict[str, Tensor]]:
    """Return what builds a network and gives its numbers."""

    def state(name: str) -> dict[str, Tensor]:
        architecture, settings = SMALL[name]
        made_by = getattr(importlib.import_module(f"spandrel.architectures.{architecture}"), architecture)
        with torch.random.fork_rng([]), torch_quiet():
            torch.manual_seed(3)
            network: nn.Module = made_by(**settings)
        return network.state_dict()

    return state


@pytest.fixture
def checkpoint(state: Any, tmp_path: Path) -> Callable[..., Path]:
    """Return what writes the checkpoint of a network."""

    def checkpoint(name: str, suffix: str = ".safetensors") -> Path:
        path = tmp_path / f"{name}{suffix}"
        if suffix == ".safetensors":
            save_file({key: value.contiguous().clone() for key, value in state(name).items()}, path)
        else:
            torch.save(state(name), path)
        return path

    return checkpoint


@pytest.fixture
def own(library: Any, state: Any) -> Callable[..., Tensor]:
    """Return what asks spandrel itself: ``(C, H, W)`` to ``(C, scale*H, scale*W)``."""

    def own(name: str, *shown: Tensor) -> Tensor:
        with torch_quiet():
            descriptor = library.ModelLoader().load_from_state_dict(state(name))
        descriptor.eval()
        with torch.no_grad():
            return descriptor(*(image[None] for image in shown))[0]

    return own
