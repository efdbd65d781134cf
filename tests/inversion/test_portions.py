"""Memory and time that do not suffice for all at once: everything that a search does is done in portions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from restore.contracts import Observation, Prior
from restore.errors import DeviceError
from restore.inversion import Settings, invert


class Staged(Prior):
    """``image = 0.5 + W z``, whose parts count the images that they are given at once and take so many at most."""

    stages = 1
    latent_shape = (6,)

    def __init__(self) -> None:
        super().__init__()
        drawn = torch.randn(6, 3 * 8 * 8, generator=torch.Generator().manual_seed(0))
        self.register_buffer("weight", 0.03 * drawn)
        self.most: dict[str, int] = {}
        self.seen: dict[str, list[int]] = {}

    def __deepcopy__(self, memo: object) -> Staged:
        return self  # the copy that a search makes counts too

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, 6, generator=generator)

    def decode(self, z: Tensor) -> Tensor:
        return self._image(z @ self.weight, "search" if z.requires_grad else "judging")

    def decode_to(self, stage: int, z: Tensor) -> Tensor:
        return z @ self.weight

    def decode_from(self, stage: int, features: Tensor) -> Tensor:
        return self._image(features, "refinement")

    def encode(self, image: Tensor) -> Tensor:
        self._count("encoder", len(image))
        return (image - 0.5).flatten(1) @ torch.linalg.pinv(self.weight)

    def _image(self, features: Tensor, part: str) -> Tensor:
        self._count(part, len(features))
        return 0.5 + features.view(-1, 3, 8, 8)

    def _count(self, part: str, count: int) -> None:
        self.seen.setdefault(part, []).append(count)
        if count > self.most.get(part, count):
            raise torch.OutOfMemoryError("too much")


PARTS = ["encoder", "search", "judging", "refinement"]
SHORT = Settings(steps=5, restarts=2, refine_steps=5)
SEEN = Observation(image=torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1)))


def found(prior, settings=SHORT):
    return invert(prior, SEEN, settings=settings, start="encoder")


@pytest.mark.parametrize("part", PARTS)
def test_memory_that_does_not_suffice_for_all_suffices_for_some(part):
    hungry = Staged()
    hungry.most[part] = 2
    ours, wanted = found(hungry), found(Staged())
    assert max(hungry.seen[part]) > 2
    for name in ("images", "latents", "scores", "trace", "refined"):
        torch.testing.assert_close(getattr(ours, name), getattr(wanted, name), atol=1e-5, rtol=1e-5, equal_nan=True)


@pytest.mark.parametrize("part", ["encoder", "search", "refinement"])
def test_memory_that_does_not_suffice_for_one_is_told(part):
    hungry = Staged()
    hungry.most[part] = 0
    with pytest.raises(DeviceError, match="memory does not suffice for one"):
        found(hungry)


@pytest.mark.parametrize("part", PARTS)
def test_no_more_at_a_time_than_was_asked_for(part):
    prior = Staged()
    found(prior, Settings(steps=5, restarts=2, refine_steps=5, batch=3))
    assert max(prior.seen[part]) == 3


def test_progress_counts_every_portion():
    told = []
    settings = Settings(steps=4, restarts=2, refine_steps=3, batch=4)
    invert(Staged(), SEEN, settings=settings, progress=lambda *step: told.append(step))
    total = 3 * 4 + 2 * 3  # ten searches and five refinements, four at a time
    assert told == [(step + 1, total) for step in range(total)]


@pytest.mark.parametrize("refine_steps", [0, 30])
def test_progress_reaches_its_end_where_searches_stop_early(refine_steps):
    told = []
    settings = Settings(steps=50, restarts=2, patience=3, tolerance=0.9, refine_steps=refine_steps, batch=4)
    result = invert(Staged(), SEEN, settings=settings, progress=lambda *step: told.append(step))
    assert result.steps.max() < 50
    total = 3 * 50 + 2 * refine_steps
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert {of for _, of in told} == {total}


def test_time_is_shared_in_proportion_to_the_steps(monkeypatch):
    """A second for each pass, 150 for 300 steps: half of each search, and of the refinement as well."""
    clock = [0.0]

    class Slow(Staged):
        def _count(self, part: str, count: int) -> None:
            clock[0] += part in ("search", "refinement")

    for module in ("course", "search"):
        monkeypatch.setattr(f"restore.inversion.{module}.time", SimpleNamespace(monotonic=lambda: clock[0]))
    settings = Settings(steps=100, restarts=2, refine_steps=100, patience=None, seconds=150, batch=5)
    result = invert(Slow(), SEEN, settings=settings)
    assert (result.steps == 50).all()
    assert (result.refined.isfinite().sum(0) == 50).all()
