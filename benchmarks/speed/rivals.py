"""PSNR-Y, SSIM-Y and LPIPS as people compute them: with scikit-image and lpips in a loop, and with torchmetrics.

Each is called with the names of metrics and the number of a pair, and returns its scores. Nothing is downloaded: the
networks are built without weights, and get those of the weights store.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import skimage.color
import skimage.metrics
import torch
from torch import Tensor

from restore import published

Images = tuple[Tensor, Tensor]
"""A result and its original, ``(1, 3, H, W)`` uint8."""
Row = Callable[[Sequence[str], int], list[float]]

CROP = 4
LUMA = (65.481, 128.553, 24.966)


class Absent(Exception):  # noqa: N818 - it is no error
    """What a row needs is not installed."""


class Loop:
    """scikit-image and the ``lpips`` package, pair by pair on arrays ``(H, W, 3)``."""

    def __init__(self, pairs: Sequence[Images]) -> None:
        need("lpips", "pip install 'restore-toolkit[lpips]'")
        with networks():
            import lpips

            self.network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
        fill(self.network.net)
        self.tensor = lpips.im2tensor
        self.pairs = [tuple(image[0].permute(1, 2, 0).contiguous().numpy() for image in pair) for pair in pairs]

    def __call__(self, metrics: Sequence[str], index: int) -> list[float]:
        """Return the scores of a pair."""
        image, target = self.pairs[index]
        found: dict[str, float] = {}
        if "psnr" in metrics or "ssim" in metrics:
            a, b = (skimage.color.rgb2ycbcr(x)[CROP:-CROP, CROP:-CROP, 0] for x in (image, target))
        if "psnr" in metrics:
            found["psnr"] = skimage.metrics.peak_signal_noise_ratio(b, a, data_range=255)
        if "ssim" in metrics:
            found["ssim"] = skimage.metrics.structural_similarity(
                b, a, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
            )
        if "lpips" in metrics:
            with torch.no_grad():
                found["lpips"] = self.network(self.tensor(image), self.tensor(target)).item()
        return [found[name] for name in metrics]


class Torchmetrics:
    """The metric classes of torchmetrics, updated with a pair and read."""

    def __init__(self, pairs: Sequence[Images]) -> None:
        need("torchmetrics", "pip install 'restore-toolkit[bench]'")
        with networks():
            from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure, lpip

            with swapped(lpip, "_NoTrainLpips", functools.partial(lpip._NoTrainLpips, pnet_rand=True)):
                distance = lpip.LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True)
        fill(distance.net.net)
        self.metrics = {
            "psnr": PeakSignalNoiseRatio(data_range=255.0),
            "ssim": StructuralSimilarityIndexMeasure(gaussian_kernel=True, sigma=1.5, kernel_size=11, data_range=255.0),
            "lpips": distance,
        }
        self.weights = torch.tensor(LUMA)[:, None, None] / 255
        self.pairs = pairs

    def __call__(self, metrics: Sequence[str], index: int) -> list[float]:
        """Return the scores of a pair."""
        images = [image.float() for image in self.pairs[index]]
        luma = [self.luma(image) for image in images] if set(metrics) - {"lpips"} else []
        return [self.score(n, [image / 255 for image in images] if n == "lpips" else luma) for n in metrics]

    def luma(self, image: Tensor) -> Tensor:
        """Return Y of BT.601 without the border."""
        return ((image * self.weights).sum(1, keepdim=True) + 16)[..., CROP:-CROP, CROP:-CROP]

    def score(self, name: str, images: Sequence[Tensor]) -> float:
        """Return the score of one pair."""
        metric = self.metrics[name]
        with torch.no_grad():
            metric.update(*images)
            score = float(metric.compute())
        metric.reset()
        return score


RIVALS: dict[str, Callable[[Sequence[Images]], Row]] = {"scikit-image, lpips": Loop, "torchmetrics": Torchmetrics}


def need(package: str, cure: str) -> None:
    """Raise Absent where a package or torchvision, which it takes the network from, is not installed."""
    for name in (package, "torchvision"):
        if importlib.util.find_spec(name) is None:
            raise Absent(f"{name} is not installed; {cure}")


def fill(trunk: torch.nn.Module) -> None:
    """Give a network the convolutions of the weights store; its slices count layers as torchvision does."""
    known = published.find("lpips-alex")
    assert known is not None
    own: Any = dict(trunk.named_parameters())
    state = known.read()
    trunk.load_state_dict({name: state[name.partition(".")[2]] for name in own})
    trunk.eval().requires_grad_(False)


@contextlib.contextmanager
def networks():
    """Import and build quietly, also with a torchvision that was built for another torch: its networks work there."""
    tolerant = torch.library.register_fake if fits() else lambda _: lambda function: function
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        swapped(torch.library, "register_fake", tolerant),
    ):
        warnings.simplefilter("ignore")
        yield


def fits() -> bool:
    """Whether torchvision's compiled operators can be loaded; without them it cannot be imported as it is."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        return False
    return True


@contextlib.contextmanager
def swapped(owner: Any, name: str, value: Any):
    """Replace an attribute during a block."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
