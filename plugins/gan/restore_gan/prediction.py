"""The recipes of encoders: a predictor network that is trained after its prior, which stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from restore import weights
from restore.contracts import Batch, Phase, Progress, Recipe
from restore.errors import UsageError
from restore.objective import build_objective
from restore.training.data import generator as randomness
from restore.training.numbers import check_number
from restore.training.schedule import cosine
from restore.training.squares import Colors, Crop, load_digits, load_squares
from restore.training.terms import joined, terms_of
from restore_gan.encoder import PredictiveDCGAN, dcgan
from restore_gan.glimpses import WHOLE, Glimpses
from restore_gan.taught import ENCODER, find_taught

SHOWN, JUDGED, PORTION = 16, 256, 64
"""Images in a picture of the training; images that are validated on, at most, and how many at once."""
MEASURED: Mapping[str, str] = {
    "psnr": WHOLE, "psnr-center": "mask-center", "psnr-half": "mask-half", "psnr-random80": "mask-random",
    "psnr-pattern": "mask-pattern",
}  # fmt: skip
"""Scores, and the degradation that each is of."""
SEEDS = 2**62


class EncoderFaces(Recipe):
    """An encoder for a DCGAN that is trained already: ``G(E(y))`` becomes the image of which ``y`` is what is left.

    Half of a batch are photographs, half are images of the prior itself, whose latents are known. Of each something is
    lost at random, or nothing: holes, resolution, sharpness, colour, noise. It is shown to the encoder as a latent
    search shows it. Generator and critic keep their bits; what is exported is the whole prior, with its encoder.

    Args:
        prior: the prior that is taught, ``dcgan-faces``, with its installed weights, or a safetensors file of it.
        encoder_width: channels of the encoder's largest maps.
        steps: optimisation steps.
        batch_size: images a step, even.
        loss: losses of ``G(E(y))`` against the image, ``l1``; in ``mse + 0.01*adversarial`` the prior's critic judges.
        latent_weight: of the mean square of ``E(y) - z`` where the latent is known.
        learning_rate: of Adam, at the start; it falls to 0 along a cosine.
        warmup: steps over which the learning rate rises.
        ema: decay of the moving average of the weights; 0: none.
        flip: whether images are mirrored at random.
        crop: ``auto``: the face in CelebA's aligned images, else the centre; ``face``, ``centre``.
        first: how many of the images, in the order of their names; none: all.
        data_terms: terms of the training images, for the card, where those of the prior's follow.
        seed: of the initial weights, the images, the latents and the degradations.

    Raises:
        UsageError: a number that makes no sense, another prior, a loss that no plugin offers.
        WeightsError: the prior's weights are not here, or are none.
    """

    name = "dcgan-faces-encoder"
    model = "dcgan-faces"
    validation_protocol = "PSNR of what the prior makes of the encoder's latents, whole images and under four masks"

    def __init__(
        self,
        prior: str = "dcgan-faces",
        encoder_width: int = 28,
        steps: int = 6000,
        batch_size: int = 64,
        loss: str = "l1",
        latent_weight: float = 0.1,
        learning_rate: float = 1e-3,
        warmup: int = 100,
        ema: float = 0.998,
        flip: bool = True,
        crop: Crop = "auto",
        first: int | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        check_number("encoder_width", encoder_width, least=1)
        check_number("steps", steps, least=1)
        check_number("batch_size", batch_size, least=2)
        if batch_size % 2:
            raise UsageError(f"half of {batch_size} images cannot be photographs", "batch_size is even")
        check_number("first", 1 if first is None else first, least=1)
        check_number("latent_weight", latent_weight, least=0)
        check_number("warmup", warmup, least=0)
        check_number("learning_rate", learning_rate, above=0)
        check_number("ema", ema, least=0, below=1)
        self.objective = build_objective(loss)
        self.taught = find_taught(prior, self.model)
        self.started_from = f"{self.taught.name}, sha256 {self.taught.sha256}"
        self.model_options = {**self.taught.options, "encoder_width": encoder_width}
        self.steps, self.batch_size, self.seed = steps, batch_size, seed
        self.latent_weight, self.initial_rate, self.warmup, self.ema = latent_weight, learning_rate, warmup, ema
        self.flip, self.crop, self.first = flip, crop, first
        self.data_terms = joined(data_terms, terms_of(prior))
        with torch.device("meta"):
            made = dcgan(**self.model_options)
        self.shape, [self.latent] = made.discriminator.shape, made.latent_shape
        self.glimpses = Glimpses(self.shape)

    @property
    def colors(self) -> Colors:
        """Of the prior's images."""
        return "rgb" if self.shape[0] == 3 else "gray"

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read the images into memory, cut as the prior's are."""
        self.images, told = load_squares(
            folder, self.shape[1], progress, colors=self.colors, crop=self.crop, first=self.first
        )
        return f"{told}, and images of {self.taught.name}, sha256 {self.taught.sha256[:12]}"

    def build(self) -> Sequence[Phase]:
        """Make the prior with an encoder that knows nothing, and the encoder's Adam."""
        prior = dcgan(**self.model_options)
        assert isinstance(prior, PredictiveDCGAN)
        fresh = {name: value for name, value in prior.state_dict().items() if name.startswith(ENCODER)}
        weights.fill(prior, {**self.taught.state, **fresh}, self.taught.name)
        for half in (prior.generator, prior.discriminator):
            half.requires_grad_(False)

        def objective(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            for half in (prior.generator, prior.discriminator):
                half.eval()  # whose batch norms the loop, which trains the whole prior, has woken
            with torch.no_grad():
                image = torch.cat([batch["real"], prior.decode(batch["z"])])
            with torch.autocast(image.device.type, enabled=False):
                seen = self.glimpses(image, torch.Generator().manual_seed(int(torch.randint(SEEDS, ()))))
            z = prior.encode(seen)
            terms = {
                "image": self.objective(prior.decode(z), image, context={"critic": prior.critic}).mean(),
                "latent": (z[len(batch["real"]) :] - batch["z"]).square().mean(),
            }
            return terms["image"] + self.latent_weight * terms["latent"], terms

        optimizer = torch.optim.Adam(prior.encoder.parameters(), lr=self.initial_rate)
        return [Phase(name="encoder", network=prior, optimizer=optimizer, objective=objective)]

    def batch(self, step: int) -> Batch:
        """Return random images, and the latents of as many others."""
        rng, half = randomness(self.seed, step), self.batch_size // 2
        real = self.images[torch.from_numpy(rng.integers(len(self.images), size=half))] / 255.0
        if self.flip:
            mirrored = torch.from_numpy(rng.random(half) < 0.5)
            real = torch.where(mirrored[:, None, None, None], real.flip(-1), real)
        return {"real": real, "z": torch.from_numpy(rng.uniform(-1, 1, (half, self.latent))).float()}

    def learning_rate(self, step: int) -> float:
        """Rise linearly, then fall along a cosine."""
        return cosine(step - 1, self.steps, warmup=self.warmup)

    def check_validation(self, folder: Path) -> None:
        """Raise InputError where there are no images to validate on."""
        self._held_out(folder, 1)

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        """Return the mean PSNR of ``G(E(y))``, in dB, of whole images and of images with holes."""
        images = self._held_out(folder, JUDGED)
        return {score: self._psnr(network, images, self.glimpses.names.index(kind)) for score, kind in MEASURED.items()}

    def pictures(self, network: nn.Module, folder: Path | None) -> Mapping[str, Tensor]:
        """Return images, what is left of each, and what the prior makes of the encoder's latents."""
        images = self.images[:SHOWN] / 255.0 if folder is None else self._held_out(folder, SHOWN)
        kinds = torch.arange(len(images)) % len(self.glimpses.names)
        seen, found = self._found(network, images, kinds)
        return {"degraded": seen, "restored": found, "original": images}

    def _held_out(self, folder: Path, most: int) -> Tensor:
        """Return the first images ``(n, C, H, W)`` in [0, 1] of those to validate on. Raises InputError."""
        squares, _ = load_squares(
            folder, self.shape[1], lambda *_: None, colors=self.colors, crop=self.crop, first=most
        )
        return squares / 255.0

    def _found(self, network: nn.Module, images: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the encoder is shown, and what the prior makes of its latents."""
        assert isinstance(network, PredictiveDCGAN)
        device = next(network.parameters()).device
        seen = self.glimpses.of(kinds, images, torch.Generator().manual_seed(0))
        return seen, network.decode(network.encode(seen.to(device))).cpu()

    def _psnr(self, network: nn.Module, images: Tensor, kind: int) -> float:
        errors = []
        for some in torch.split(images, PORTION):
            _, found = self._found(network, some, torch.full((len(some),), kind))
            errors.append((found - some).square().flatten(1).mean(1))
        return float((-10 * torch.cat(errors).double().log10()).mean())


class EncoderDigits(EncoderFaces):
    """An encoder for the DCGAN of digits; as for faces, but nothing is mirrored.

    Args:
        prior: the prior that is taught, ``dcgan-mnist``, with its installed weights, or a safetensors file of it.
        encoder_width: channels of the encoder's largest maps.
        steps: optimisation steps.
        batch_size: images a step, even.
        loss: losses of ``G(E(y))`` against the image, ``l1``; in ``mse + 0.01*adversarial`` the prior's critic judges.
        latent_weight: of the mean square of ``E(y) - z`` where the latent is known.
        learning_rate: of Adam, at the start; it falls to 0 along a cosine.
        warmup: steps over which the learning rate rises.
        ema: decay of the moving average of the weights; 0: none.
        first: how many of the images; none: all.
        data_terms: terms of the training images, for the card, where those of the prior's follow.
        seed: of the initial weights, the images, the latents and the degradations.
    """

    name = "dcgan-mnist-encoder"
    model = "dcgan-mnist"

    def __init__(
        self,
        prior: str = "dcgan-mnist",
        encoder_width: int = 28,
        steps: int = 6000,
        batch_size: int = 64,
        loss: str = "l1",
        latent_weight: float = 0.1,
        learning_rate: float = 1e-3,
        warmup: int = 100,
        ema: float = 0.998,
        first: int | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__(
            prior=prior, encoder_width=encoder_width, steps=steps, batch_size=batch_size, loss=loss,
            latent_weight=latent_weight, learning_rate=learning_rate, warmup=warmup, ema=ema, flip=False, crop="centre",
            first=first, data_terms=data_terms, seed=seed,
        )  # fmt: skip

    def _held_out(self, folder: Path, most: int) -> Tensor:
        """Return the first test digits of a folder with MNIST. Raises InputError."""
        return load_digits(folder, "t10k")[0][:most] / 255.0
