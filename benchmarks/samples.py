"""How good are a prior's samples? Precision, recall and Frechet distance to images that it was not trained on.

    python benchmarks/samples.py --data celeba/ --held-out 9000:10000 dcgan-faces dcgan-faces:weights=own.safetensors

Compared are the means over places of SqueezeNet's last features (512 numbers; weights lpips-squeeze) of images that
were resized to 128 x 128. Numbers of other networks, FID among them, are on another scale. The row `training images` is
what a perfect prior would reach: as many of the first images. Compare only rows of one number of images.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor

import restore
from restore.benchmark.sets import frechet_distance, precision_recall
from restore.published import Network
from restore.resize import resize
from restore.runtime.policy import choose_device
from restore.training.squares import load_squares
from restore.trunk_weights import SQUEEZENET
from restore.trunks import squeezenet

SIDE, BATCH = 128, 50
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the images that SqueezeNet was trained on."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("priors", nargs="+", metavar="PRIOR", help="dcgan-faces, dcgan-faces:weights=FILE")
    parser.add_argument("--data", type=Path, required=True, help="folder or zip of images, or a folder with MNIST")
    parser.add_argument("--held-out", default="9000:10000", help="numbers of the images to compare with [9000:10000]")
    parser.add_argument("--seed", type=int, default=0, help="of the latents [0]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    parser.add_argument("--json", type=Path, help="also write the scores to this file")
    options = parser.parse_args()
    begin, end = (int(number) for number in options.held_out.split(":"))
    see = Eye(options.device)
    scores: dict[str, dict[str, float]] = {}
    known: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
    print(f"{'':<40} precision   recall  Frechet")
    for name in options.priors:
        prior = restore.load_prior(name, device=options.device)
        z = prior.sample(end - begin, torch.Generator().manual_seed(options.seed))
        with torch.inference_mode():
            drawn = torch.cat([prior.decode(part.to(see.device)).cpu() for part in torch.split(z, BATCH)])
        shape = (drawn.shape[1], drawn.shape[2])
        if shape not in known:
            colors = "rgb" if shape[0] == 3 else "gray"
            real, _ = load_squares(options.data, shape[1], silent, colors=colors, first=end)
            if len(real) < end or begin < end - begin:
                parser.error(f"--held-out {options.held_out}: there are {len(real)} images, and as many come before it")
            known[shape] = see(real[begin:end] / 255.0), see(real[: end - begin] / 255.0)
            label = f"training images, {shape[1]} x {shape[1]}"
            scores[label] = compared(known[shape][0], known[shape][1], label)
        scores[name] = compared(known[shape][0], see(drawn), name)
    if options.json:
        options.json.write_text(json.dumps({"images": end - begin, "seed": options.seed, "scores": scores}, indent=2))


def silent(done: int, total: int) -> None:
    """Tell nothing of the reading."""


class Eye:
    """SqueezeNet, from images ``(N, 1 or 3, H, W)`` in [0, 1] to ``(N, 512)``."""

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


def compared(real: Tensor, fake: Tensor, label: str) -> dict[str, float]:
    """Return the scores, and print them."""
    precision, recall = precision_recall(real, fake)
    distance = frechet_distance(real, fake)
    print(f"{label:<40} {precision:9.3f} {recall:8.3f} {distance:8.2f}")
    return {"precision": precision, "recall": recall, "frechet": distance}


if __name__ == "__main__":
    main()
