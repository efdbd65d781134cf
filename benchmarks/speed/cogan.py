"""How many steps a second does CoGAN's training take, and how many a loop with a pass of its own for each domain?

    python benchmarks/speed/cogan.py
    python benchmarks/speed/cogan.py --width 0.25 --batch 64 --rounds 20

The plain loop is what ports of the authors' code do: float32, NCHW, the critic and the generator once for each domain,
real and generated images apart, so that what the domains share is passed twice and four times. Ours passes it once
(`restore_cogan.steps`). All have the same networks, batches, losses and Adam, and take turns, step by step, so that
whatever else the machine does slows all alike. The brackets hold the smallest and the largest ratio of a round. Real
images are noise: time does not depend on what they show.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from turns import in_turns, keep, machine, table

from restore.runtime.policy import autocast, choose_device, choose_precision
from restore.scripting import errors_told
from restore.training import gan
from restore_cogan.coupled import decayed
from restore_cogan.prior import CoGAN
from restore_cogan.steps import d_step, g_step

WARM = 2
Game = Callable[[CoGAN, Tensor, Tensor, Tensor], Tensor]
"""From the networks, real images of both domains and latents to a loss."""


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=float, default=1.0, help="share of the paper's channels [1]")
    parser.add_argument("--batch", type=int, default=64, help="images of each domain [64]")
    parser.add_argument("--rounds", type=int, default=10, help="steps of each that count [10]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    parser.add_argument("--threads", type=int, help="of torch on the CPU [as torch chooses]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    best = choose_precision("auto", device, ("bfloat16",))
    rivals = {
        "plain loop, float32, NCHW": Loop(options, device, apart, apart_generator, "float32", last=False),
        "ours, float32": Loop(options, device, together, together_generator, "float32", last=True),
        **({f"ours, {best}": Loop(options, device, together, together_generator, best, last=True)}
           if best != "float32" else {}),
    }  # fmt: skip
    found = {"machine": machine(device), "width": options.width, "batch": options.batch}
    print(f"width {options.width:g}, batch {options.batch} on {found['machine']['device']}, "
          f"{torch.get_num_threads()} threads, {found['machine']['cpu']}")  # fmt: skip
    times = in_turns({name: loop.step for name, loop in rivals.items()}, options.rounds, warm=WARM)
    found["rows"] = table(times, next(iter(rivals)), unit="step")
    keep(options.json, found)


class Loop:
    """A training loop: a turn of the critics and one of the generators a step.

    Args:
        options: of the command line.
        device: where it runs.
        judge: loss of the critics.
        generate: loss of the generators.
        precision: of the passes.
        last: whether weights and images have their channels last.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        device: torch.device,
        judge: Game,
        generate: Game,
        precision: str,
        *,
        last: bool,
    ) -> None:
        torch.manual_seed(0)
        layout = torch.channels_last if last else torch.contiguous_format
        self.prior = CoGAN(width=options.width).to(device, memory_format=layout)  # type: ignore[call-overload]
        self.turns = [
            (game, half, torch.optim.Adam(decayed(half.parameters(), 5e-4), lr=2e-4, betas=(0.5, 0.999)))
            for game, half in ((judge, self.prior.discriminator), (generate, self.prior.generator))
        ]
        images = torch.rand(2, options.batch, 1, 28, 28, device=device)
        self.first, self.second = (image.contiguous(memory_format=layout) for image in images)
        self.z = torch.rand(options.batch, *self.prior.latent_shape, device=device) * 2 - 1
        self.device, self.precision = device, precision

    def step(self) -> None:
        """Take one step, and wait for it."""
        for game, half, optimizer in self.turns:
            self.turn(game, half, optimizer)
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def turn(self, game: Game, half: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Take one half's turn."""
        optimizer.zero_grad(set_to_none=True)
        with autocast(self.device, self.precision):
            loss = game(self.prior, self.first, self.second, self.z)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def together(prior: CoGAN, first: Tensor, second: Tensor, z: Tensor) -> Tensor:
    """Return the critics' loss, what is shared passed once."""
    return d_step(prior.discriminator, prior.generator, "vanilla", first, second, z)[0]


def together_generator(prior: CoGAN, first: Tensor, second: Tensor, z: Tensor) -> Tensor:
    """Return the generators' loss likewise."""
    return g_step(prior.generator, prior.discriminator, "vanilla", first, second, z)[0]


def apart(prior: CoGAN, first: Tensor, second: Tensor, z: Tensor) -> Tensor:
    """Return the critics' loss, each domain's real and generated images passed alone."""
    with torch.no_grad():
        fakes = [prior.generator.one(z, domain) for domain in (0, 1)]
    losses = [
        gan.critic_loss("vanilla", judged(prior, real, domain), judged(prior, fake, domain)).mean()
        for domain, (real, fake) in enumerate(zip((first, second), fakes, strict=True))
    ]
    return (losses[0] + losses[1]) / 2


def apart_generator(prior: CoGAN, _first: Tensor, _second: Tensor, z: Tensor) -> Tensor:
    """Return the generators' loss, each domain passed alone."""
    with gan.frozen(prior.discriminator):
        losses = [
            gan.generator_loss("vanilla", judged(prior, prior.generator.one(z, domain), domain), None).mean()
            for domain in (0, 1)
        ]
    return (losses[0] + losses[1]) / 2


def judged(prior: CoGAN, image: Tensor, domain: int) -> Tensor:
    """Return the logits of one domain's images."""
    return prior.discriminator.judge(prior.discriminator.features_of(image, domain), domain)


if __name__ == "__main__":
    main()
