"""Seeds: a given one is taken, and one that is drawn follows torch's."""

from __future__ import annotations

import pytest
import torch

from restore.errors import UsageError
from restore.seeds import check_seed, drawn_seed


def test_a_given_seed_is_taken_and_nothing_is_drawn():
    before = torch.get_rng_state()
    assert [drawn_seed(seed) for seed in (0, 7, 2**63 - 1)] == [0, 7, 2**63 - 1]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_drawn_seed_is_one_and_follows_torchs():
    def drawn(seed):
        torch.manual_seed(seed)
        return [drawn_seed(None) for _ in range(20)]

    found = drawn(1)
    assert found == drawn(1) != drawn(2)
    assert len({*found}) == 20
    for seed in found:
        check_seed(seed)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_what_is_no_seed_is_told(seed):
    with pytest.raises(UsageError, match=f"{seed} is no seed"):
        check_seed(seed)
