"""The recipe of a restorer that never sees a real pair: it is trained on the pairs that a coupled prior generates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restore import load_prior
from restore.contracts import Batch, Phase, Progress, Recipe
from restore.errors import UsageError, WeightsError
from restore.options import parse
from restore.parts import parts_of
from restore.registry import registry, split_tag
from restore.training.data import generator as randomness
from restore.training.numbers import check_number
from restore.training.schedule import cosine
from restore.training.terms import terms_of
from restore_cogan.prior import CoGAN
from restore_cogan.restorer import ResidualRestorer
from restore_cogan.translation import directed, find_pair

SCORED, SHOWN, PORTION = 500, 16, 100
"""Generated pairs that the score is a mean over, pairs in a picture, and how many are restored at once."""


class CoGANRestorer(Recipe):
    """A network that makes the second image of generated pairs of the first, by squared error.

    Args:
        prior: a pair of domains with weights, or a safetensors file of one, that is taken as it is.
        from_: the domain of the images that are to be restored.
        to: the domain of the result; none: the other.
        channels: of the network's layers.
        blocks: how many residual blocks it has.
        steps: optimisation steps.
        batch_size: pairs a step.
        learning_rate: of Adam, at the start; it falls to 0 along a cosine.
        warmup: steps over which the learning rate rises.
        ema: decay of the moving average of the weights; 0: none.
        seed: of the initial weights and the latents.

    Raises:
        UsageError: a number that makes no sense, a prior that is no pair, a domain that it has not.
        WeightsError: the prior's weights are not here.
    """

    name = "cogan-mnist-restorer"
    model = "cogan-restorer"
    validation_protocol = f"PSNR of {SCORED} restored images of generated pairs, before and after"

    def __init__(
        self,
        prior: str = "cogan-mnist-degraded",
        from_: str = "degraded",
        to: str | None = None,
        channels: int = 32,
        blocks: int = 6,
        steps: int = 4000,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        warmup: int = 100,
        ema: float = 0.998,
        seed: int = 0,
    ) -> None:
        check_number("steps", steps, least=1)
        check_number("batch_size", batch_size, least=1)
        check_number("learning_rate", learning_rate, above=0)
        check_number("warmup", warmup, least=0)
        check_number("ema", ema, least=0, below=1)
        self.steps, self.batch_size, self.seed = steps, batch_size, seed
        self.initial_rate, self.warmup, self.ema = learning_rate, warmup, ema
        self.pair = find_trained(prior)
        source, _ = directed(self.pair, from_, to)
        self.given = self.pair.index(source)
        [part] = parts_of(nn.ModuleList([self.pair]))
        self.data_terms = terms_of(prior)
        self.started_from = f"pairs of {part.weights}, sha256 {part.sha256}"
        self.model_options = {"channels": channels, "blocks": blocks}
        with torch.device("meta"):
            ResidualRestorer(**self.model_options)

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read nothing: the prior makes the pairs. Raises UsageError for a folder."""
        if folder is not None:
            raise UsageError(f"{self.name} is trained on generated pairs alone", "leave --data out")
        progress(1, 1)
        return f"generated {self.started_from}"

    def build(self) -> Sequence[Phase]:
        """Make the network and its Adam."""
        network = ResidualRestorer(**self.model_options)

        def objective(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            given, wanted = self.pairs(batch["z"])
            return F.mse_loss(network(given).float(), wanted), {}

        optimizer = torch.optim.Adam(network.parameters(), lr=self.initial_rate)
        return [Phase(name="network", network=network, optimizer=optimizer, objective=objective)]

    @torch.no_grad()
    def pairs(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the images of latents in the domain that is given and in the other, on the device of the latents."""
        images = self.pair.to(z.device).decode_pair(z)
        return images[self.given], images[1 - self.given]

    def batch(self, step: int) -> Batch:
        """Return latents."""
        rng = randomness(self.seed, step)
        return {"z": torch.from_numpy(rng.uniform(-1, 1, (self.batch_size, *self.pair.latent_shape))).float()}

    def learning_rate(self, step: int) -> float:
        """Rise linearly, then fall along a cosine."""
        return cosine(step - 1, self.steps, warmup=self.warmup)

    def score(self, network: nn.Module) -> Mapping[str, float]:
        """Return the mean PSNR of generated images that training has not seen, in dB, as given and restored."""
        given, restored, wanted = self._tried(network, SCORED)
        return {"psnr-input": _psnr(given, wanted), "psnr": _psnr(restored, wanted)}

    def pictures(self, network: nn.Module, folder: Path | None) -> Mapping[str, Tensor]:
        """Return generated pairs, and what the network makes of them."""
        given, restored, wanted = self._tried(network, SHOWN)
        return {"degraded": given, "restored": restored, "original": wanted}

    def _tried(self, network: nn.Module, count: int) -> tuple[Tensor, Tensor, Tensor]:
        device = next(network.parameters()).device
        z = self.pair.sample(count, torch.Generator().manual_seed(self.seed)).to(device)
        given, wanted = self.pairs(z)
        restored = torch.cat([network(portion).clamp(0, 1) for portion in torch.split(given, PORTION)])
        return given.cpu(), restored.float().cpu(), wanted.cpu()


def find_trained(prior: str) -> CoGAN:
    """Return a pair by the name of installed weights, or by a safetensors file. Raises UsageError, WeightsError."""
    path = Path(prior).expanduser()
    file = path if path.suffix == ".safetensors" or path.is_file() else None
    name, written = parse(prior)
    if file is None and "weights" not in written and not registry().find_weighted("prior", name)[0].weights:
        raise WeightsError(
            f"{prior} comes without weights, and makes no pairs without",
            f"give the file of one that is trained, --set prior=FILE; restore train {split_tag(name)[0]} makes one",
        )
    pair = load_prior(prior if file is None else find_pair(file, set()), device="cpu", weights=file)
    if not isinstance(pair, CoGAN):
        raise UsageError(f"{prior} has one domain, and makes no pairs", "prior=cogan-mnist-degraded, or a file of it")
    return pair


def _psnr(found: Tensor, wanted: Tensor) -> float:
    errors = (found - wanted).square().flatten(1).mean(1).clamp(min=1e-10)
    return float((-10 * errors.double().log10()).mean())
