"""What a component raised, and the cure that is known for it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from restore.testing.blame import blame

IMAGE = torch.zeros(1, 3, 8, 8, dtype=torch.float64)


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.conv2d(IMAGE, torch.ones(3, 3, 3, 3)),
        lambda: IMAGE.flatten(1) @ torch.ones(192, 2),
        lambda: torch.lerp(IMAGE, IMAGE.float(), 0.5),
    ],
    ids=["convolution", "product", "mixture"],
)
def test_a_constant_in_float32_that_meets_float64(call):
    with pytest.raises(RuntimeError) as raised:
        call()
    failure = blame(raised.value, "a slope", "tests")
    assert "register it as a buffer" in failure.cure
    assert "dtype=image.dtype" in failure.cure


def test_another_error_of_torch():
    with pytest.raises(RuntimeError) as raised:
        F.conv2d(IMAGE, torch.ones(3, 4, 3, 3, dtype=torch.float64))
    assert blame(raised.value, "a slope", "tests").cure == "mend it there; --debug shows the traceback"
