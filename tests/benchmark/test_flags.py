"""Backend flags: full precision inside, and everything as it was outside, however it was set."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.benchmark.flags import PRECISIONS, exact, flags, recorded

OLD = st.fixed_dictionaries(
    {
        "allow_tf32": st.booleans(),
        "matmul": st.sampled_from(["highest", "high", "medium"]),
        "deterministic": st.booleans(),
        "benchmark": st.booleans(),
    }
)
NEW = st.fixed_dictionaries({}, optional={place: st.sampled_from(["ieee", "tf32"]) for place in PRECISIONS})


def holder(place):
    backend, _, operation = place.partition(".")
    return getattr(getattr(torch.backends, backend), operation)


@contextmanager
def put_back() -> Iterator[None]:
    """Undo what a test sets, in the order that torch accepts."""
    before = flags()
    try:
        yield
    finally:
        for place in PRECISIONS:
            holder(place).fp32_precision = "none"
        torch.backends.cudnn.allow_tf32 = before["cudnn.allow_tf32"]
        torch.set_float32_matmul_precision(before["float32_matmul_precision"])
        for place in PRECISIONS:
            holder(place).fp32_precision = before[f"{place}.fp32_precision"]
        for name in ("deterministic", "benchmark"):
            setattr(torch.backends.cudnn, name, before[f"cudnn.{name}"])
    assert flags() == before


def apply(old, new):
    torch.backends.cudnn.allow_tf32 = old["allow_tf32"]
    torch.set_float32_matmul_precision(old["matmul"])
    torch.backends.cudnn.deterministic = old["deterministic"]
    torch.backends.cudnn.benchmark = old["benchmark"]
    for place, value in new.items():
        holder(place).fp32_precision = value


def test_blocks_of_two_threads_that_overlap():
    """The one that began first ends first, while the other still measures."""
    with put_back():
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.deterministic = False
        before, seen = flags(), []
        entered, left = Event(), Event()

        def second():
            with exact():
                entered.set()
                assert left.wait(30)
                seen.append((torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic))

        thread = Thread(target=second)
        with exact():
            thread.start()
            assert entered.wait(30)
        left.set()
        thread.join()
        assert seen == [(False, True)]
        assert flags() == before


@given(old=OLD, new=NEW, fails=st.booleans())
@settings(max_examples=150)
def test_flags_are_left_as_they_were_found(old, new, fails):
    with put_back():
        apply(old, new)
        before = flags()
        with suppress(ZeroDivisionError), exact():
            for place in PRECISIONS:
                assert holder(place).fp32_precision == "ieee"
            assert torch.backends.cudnn.deterministic
            assert not torch.backends.cudnn.benchmark
            if fails:
                raise ZeroDivisionError
        assert flags() == before


@given(old=OLD)
def test_the_older_interface_says_so_too(old):
    with put_back():
        apply(old, {})
        with exact():
            assert torch.backends.cudnn.allow_tf32 is False
            assert torch.get_float32_matmul_precision() == "highest"
            assert torch.backends.cuda.matmul.allow_tf32 is False
        assert torch.get_float32_matmul_precision() == old["matmul"]
        assert torch.backends.cudnn.allow_tf32 is old["allow_tf32"]


STARTED = {
    "cudnn.allow_tf32": True, "cudnn.benchmark": False, "cudnn.deterministic": False,
    "float32_matmul_precision": "highest", "deterministic_algorithms": False,
}  # fmt: skip
"""What published results say of a process that sets nothing."""


def test_a_process_that_sets_nothing_records_the_older_flags_alone():
    code = "import json; from restore.benchmark.flags import recorded; print(json.dumps(recorded()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == STARTED


@pytest.mark.parametrize("place", PRECISIONS)
def test_what_the_newer_interface_says_is_recorded(place):
    with put_back():
        holder(place).fp32_precision = "ieee"
        assert recorded()[f"{place}.fp32_precision"] == "ieee"
        assert STARTED.keys() <= recorded().keys()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_convolution_on_a_gpu_is_exact_inside_only():
    image = torch.rand(1, 64, 64, 64, generator=torch.Generator().manual_seed(0))
    weight = torch.rand(64, 64, 3, 3, generator=torch.Generator().manual_seed(1))
    expected = torch.nn.functional.conv2d(image.double(), weight.double())

    def error():
        found = torch.nn.functional.conv2d(image.cuda(), weight.cuda()).cpu().double()
        return float(((found - expected) / expected).abs().max())

    with put_back():
        torch.backends.cudnn.allow_tf32 = True
        with exact():
            assert error() < 3e-6
