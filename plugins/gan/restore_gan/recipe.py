"""The recipes: DCGAN of faces and of digits, and the perceptrons of 2014."""

from __future__ import annotations

from restore.errors import UsageError
from restore.training.augment import Augmentation
from restore.training.squares import Colors, Crop
from restore_gan.adversarial import AdversarialRecipe, Schedule
from restore_gan.dcgan import DCGAN
from restore_gan.perceptron import PerceptronGAN
from restore_gan.prior import AdversarialPrior, Norm
from restore_gan.steps import Kind


class DCGANFaces(AdversarialRecipe):
    """DCGAN of 64 x 64 faces or of any other images, for sets of some thousands: it augments, penalises and averages.

    As the paper trains: ``augmentations=none``, ``flip=false``, ``r1=0``, ``critic_norm=batch``, ``kernel=5``,
    ``width=128``, ``critic_width=128``, ``widest=1024``, ``batch_size=128``, ``ema=0``, ``schedule=constant``.

    Args:
        size: side of the images, in pixels.
        colors: of the images, ``rgb`` or ``gray``.
        steps: optimisation steps of each network.
        batch_size: images a step.
        latent: how many numbers a latent has.
        width: channels of the generator's largest maps.
        critic_width: likewise of the critic.
        widest: most channels of any layer.
        kernel: side of the convolutions, 4, or 5 as the paper.
        critic_norm: ``none``; ``spectral``; ``batch`` as the paper, not with ``r1``.
        loss: ``vanilla`` (not saturating), ``minimax``, ``lsgan``, ``hinge``, ``relativistic``.
        augmentations: differentiable ones, of all that the critic sees: ``color+translation+cutout``; none.
        flip: whether images are mirrored at random.
        r1: weight of the critic's gradient penalty, gamma / 2; 0: none.
        r1_every: steps from one penalty to the next; each counts as many times as much.
        learning_rate: of the generator's Adam, at the start.
        critic_rate: of the critic's.
        momentum: Adam's first beta, of both.
        schedule: ``linear``: it falls to nothing in the second half; ``constant``.
        ema: decay of the moving average of the weights; 0: none.
        crop: ``auto``: the face in CelebA's aligned images, else the centre; ``face``, ``centre``.
        first: how many of the images, in the order of their names; none: all.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights, the images and the latents.
    """

    name = "dcgan-faces"
    model = "dcgan-faces"

    def __init__(
        self,
        size: int = 64,
        colors: Colors = "rgb",
        steps: int = 7000,
        batch_size: int = 64,
        latent: int = 100,
        width: int = 64,
        critic_width: int = 48,
        widest: int = 320,
        kernel: int = 4,
        critic_norm: Norm = "none",
        loss: Kind = "vanilla",
        augmentations: tuple[Augmentation, ...] | None = ("color", "translation", "cutout"),
        flip: bool = True,
        r1: float = 0.1,
        r1_every: int = 16,
        learning_rate: float = 2e-4,
        critic_rate: float = 2e-4,
        momentum: float = 0.5,
        schedule: Schedule = "linear",
        ema: float = 0.999,
        crop: Crop = "auto",
        first: int | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__(
            size=size, colors=colors, steps=steps, batch_size=batch_size, latent=latent, loss=loss,
            augmentations=augmentations, flip=flip, r1=r1, r1_every=r1_every, learning_rate=learning_rate,
            critic_rate=critic_rate, momentum=momentum, schedule=schedule, ema=ema, crop=crop, first=first,
            data_terms=data_terms, seed=seed,
        )  # fmt: skip
        if r1 and critic_norm == "batch":
            raise UsageError(
                "a gradient penalty judges each image by itself, which batch norm prevents",
                "use --set critic_norm=spectral or none with --set r1",
            )
        self.model_options = {
            "size": size, "colors": colors, "latent": latent, "width": width, "critic_width": critic_width,
            "widest": widest, "kernel": kernel, "critic_norm": critic_norm,
        }  # fmt: skip
        self.check()

    def prior(self) -> AdversarialPrior:
        """Return DCGAN with the recipe's options."""
        return DCGAN(**self.model_options)


class DCGANMnist(DCGANFaces):
    """DCGAN of digits: 28 x 28 down to 7 x 7, gray, neither mirrored nor augmented.

    Args:
        steps: optimisation steps of each network.
        batch_size: images a step.
        latent: how many numbers a latent has.
        width: channels of the generator's largest maps.
        critic_width: likewise of the critic.
        kernel: side of the convolutions, 5 as the paper, or 4.
        critic_norm: ``none``; ``spectral``; ``batch`` as the paper, not with ``r1``.
        loss: ``vanilla`` (not saturating), ``minimax``, ``lsgan``, ``hinge``, ``relativistic``.
        augmentations: differentiable ones, of all that the critic sees: ``translation+cutout``; none.
        r1: weight of the critic's gradient penalty, gamma / 2; 0: none.
        r1_every: steps from one penalty to the next; each counts as many times as much.
        learning_rate: of the generator's Adam, at the start.
        critic_rate: of the critic's.
        momentum: Adam's first beta, of both.
        schedule: ``linear``: it falls to nothing in the second half; ``constant``.
        ema: decay of the moving average of the weights; 0: none.
        first: how many of the images; none: all.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights, the images and the latents.
    """

    name = "dcgan-mnist"
    model = "dcgan-mnist"

    def __init__(
        self,
        steps: int = 4000,
        batch_size: int = 64,
        latent: int = 100,
        width: int = 64,
        critic_width: int = 64,
        kernel: int = 5,
        critic_norm: Norm = "none",
        loss: Kind = "vanilla",
        augmentations: tuple[Augmentation, ...] | None = None,
        r1: float = 0.1,
        r1_every: int = 16,
        learning_rate: float = 2e-4,
        critic_rate: float = 2e-4,
        momentum: float = 0.5,
        schedule: Schedule = "linear",
        ema: float = 0.999,
        first: int | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__(
            size=28, colors="gray", steps=steps, batch_size=batch_size, latent=latent, width=width,
            critic_width=critic_width, widest=1024, kernel=kernel, critic_norm=critic_norm, loss=loss,
            augmentations=augmentations, flip=False, r1=r1, r1_every=r1_every, learning_rate=learning_rate,
            critic_rate=critic_rate, momentum=momentum, schedule=schedule, ema=ema, crop="centre", first=first,
            data_terms=data_terms, seed=seed,
        )  # fmt: skip


class GANMnist(AdversarialRecipe):
    """The perceptrons of 2014 on digits, with Adam in place of momentum, and R1 in place of bounded weights.

    Without a bound the critic soon knows all, and the generator ends with one digit for every latent.

    Args:
        steps: optimisation steps of each network.
        batch_size: images a step.
        latent: how many numbers a latent has.
        width: units of each of the generator's hidden layers.
        critic_width: units of each of the critic's.
        pieces: linear pieces of a maxout unit.
        loss: ``vanilla`` (not saturating) as the paper trained, ``minimax`` as it begins.
        r1: weight of the critic's gradient penalty, gamma / 2; 0: none.
        r1_every: steps from one penalty to the next; each counts as many times as much.
        learning_rate: of the generator's Adam, at the start.
        critic_rate: of the critic's.
        momentum: Adam's first beta, of both.
        schedule: ``linear``: it falls to nothing in the second half; ``constant``.
        ema: decay of the moving average of the weights; 0: none.
        first: how many of the images; none: all.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights, the images and the latents.
    """

    name = "gan-mnist"
    model = "gan-mnist"

    def __init__(
        self,
        steps: int = 10000,
        batch_size: int = 100,
        latent: int = 100,
        width: int = 1200,
        critic_width: int = 240,
        pieces: int = 5,
        loss: Kind = "vanilla",
        r1: float = 0.5,
        r1_every: int = 4,
        learning_rate: float = 1e-3,
        critic_rate: float = 5e-4,
        momentum: float = 0.5,
        schedule: Schedule = "linear",
        ema: float = 0.999,
        first: int | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__(
            size=28, colors="gray", steps=steps, batch_size=batch_size, latent=latent, loss=loss, augmentations=None,
            flip=False, r1=r1, r1_every=r1_every, learning_rate=learning_rate, critic_rate=critic_rate,
            momentum=momentum, schedule=schedule, ema=ema, crop="centre", first=first, data_terms=data_terms, seed=seed,
        )  # fmt: skip
        self.model_options = {
            "size": 28, "colors": "gray", "latent": latent, "width": width, "critic_width": critic_width,
            "pieces": pieces,
        }  # fmt: skip
        self.check()

    def prior(self) -> AdversarialPrior:
        """Return the perceptrons with the recipe's options."""
        return PerceptronGAN(**self.model_options)
