"""How good are a prior's samples? Precision, recall and Frechet distance to images that it was not trained on.

    python benchmarks/samples.py --data celeba/ --trained-on 9000 dcgan-faces dcgan-faces:weights=own.safetensors
    python benchmarks/samples.py --data mnist/ gan-mnist dcgan-mnist

Compared are the means over places of SqueezeNet's last features (512 numbers; weights lpips-squeeze) of images that
were resized to 128 x 128; of MNIST, against its test set, the features of our own reader of digits (64 numbers).
Numbers of other networks, FID among them, are on another scale. The row `training images` is what a perfect prior would
reach: as many of the first images. Compare only rows of one number of images and of one network.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

import restore
from restore.benchmark.sets import frechet_distance, precision_recall
from restore.published import Network
from restore.resize import resize
from restore.runtime.policy import choose_device
from restore.scripting import errors_told
from restore.training.squares import Colors, load_digits, load_squares
from restore.trunk_weights import SQUEEZENET
from restore.trunks import squeezenet
from restore_gan.digits import load_reader

SIDE, BATCH = 128, 50
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the images that SqueezeNet was trained on."""


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("priors", nargs="+", metavar="PRIOR", help="dcgan-faces, dcgan-faces:weights=FILE")
    parser.add_argument("--data", type=Path, required=True, help="folder or zip of images, or a folder with MNIST")
    parser.add_argument("-n", "--count", type=int, default=1000, help="how many samples, and images [1000]")
    parser.add_argument(
        "--trained-on", type=int, default=9000, help="how many images priors were trained on: the next are not [9000]"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the latents [0]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    parser.add_argument("--json", type=Path, help="also write the scores to this file")
    options = parser.parse_args()
    digits = any(options.data.glob("t10k-images-idx3-ubyte*"))
    see: Eye = DigitEye(options.device) if digits else SqueezeEye(options.device)
    scores: dict[str, dict[str, float]] = {}
    real: dict[tuple[int, int], Tensor] = {}
    print(f"{'':<48} precision   recall  Frechet")
    for name in options.priors:
        prior = restore.load_prior(name, device=options.device)
        z = prior.sample(options.count, torch.Generator().manual_seed(options.seed))
        with torch.inference_mode():
            drawn = torch.cat([prior.decode(part.to(see.device)).cpu() for part in torch.split(z, BATCH)])
        shape = (drawn.shape[1], drawn.shape[2])
        if shape not in real:
            if digits:
                held_out, training = (load_digits(options.data, part)[0] for part in ("t10k", "train"))
            else:
                held_out, training = halves(options.data, shape, options.trained_on, options.count)
            if min(len(held_out), len(training)) < options.count:
                parser.error(f"there are {len(training)} images to train on and {len(held_out)} others: choose --count")
            real[shape] = see(held_out[: options.count] / 255.0)
            label = f"training images, {shape[1]} x {shape[1]}"
            scores[label] = compared(real[shape], see(training[: options.count] / 255.0), label)
        scores[name] = compared(real[shape], see(drawn), name)
    if options.json:
        about = {"images": options.count, "seed": options.seed, "features": type(see).__name__}
        options.json.write_text(json.dumps({**about, "scores": scores}, indent=2) + "\n")


def halves(data: Path, shape: tuple[int, int], trained_on: int, count: int) -> tuple[Tensor, Tensor]:
    """Return the images after those that priors were trained on, and these, uint8 squares."""
    channels, side = shape
    colors: Colors = "rgb" if channels == 3 else "gray"
    squares, _ = load_squares(data, side, silent, colors=colors, first=trained_on + count)
    return squares[trained_on:], squares[:trained_on]


def silent(done: int, total: int) -> None:
    """Tell nothing of the reading."""


class Eye(Protocol):
    """From images ``(N, C, H, W)`` in [0, 1] to features ``(N, D)`` on the CPU."""

    device: torch.device

    def __call__(self, images: Tensor) -> Tensor:
        """Return the features."""
        ...


class SqueezeEye:
    """SqueezeNet, ``(N, 512)`` of gray or RGB images."""

    def __init__(self, device: str) -> None:
        self.layers = squeezenet().layers
        self.layers.load_state_dict(Network(SQUEEZENET).read())
        self.device = choose_device(device)
        self.layers.eval().to(self.device, memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the means over places of the last features."""
        mean, spread = (torch.tensor(values, device=self.device).view(1, 3, 1, 1) for values in (MEAN, SPREAD))
        seen = []
        for part in torch.split(images, BATCH):
            large = resize(part.to(self.device).expand(-1, 3, -1, -1), SIDE, SIDE)
            seen.append(self.layers((large - mean) / spread).mean((2, 3)).cpu())
        return torch.cat(seen)


class DigitEye:
    """The reader of digits, ``(N, 64)`` of gray images of 28 x 28 pixels."""

    def __init__(self, device: str) -> None:
        self.reader = load_reader(device=device)
        self.device = choose_device(device)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return what its logits are made of."""
        return torch.cat([self.reader.features(part.to(self.device)).cpu() for part in torch.split(images, BATCH)])


def compared(real: Tensor, fake: Tensor, label: str) -> dict[str, float]:
    """Return the scores, and print them."""
    precision, recall = precision_recall(real, fake)
    distance = frechet_distance(real, fake)
    print(f"{label:<48} {precision:9.3f} {recall:8.3f} {distance:8.2f}")
    return {"precision": precision, "recall": recall, "frechet": distance}


if __name__ == "__main__":
    main()
