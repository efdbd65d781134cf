"""Globals of the process that reading touches: as the host left them, however threads overlap."""

from __future__ import annotations

import io
import struct
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, TiffImagePlugin

from restore import images, quiet
from restore.conversion import convert
from restore.errors import InputError
from restore.images import decode

NOISE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def globals_of_the_process() -> tuple[Any, ...]:
    return list(warnings.filters), cv2.utils.logging.getLogLevel(), Image.MAX_IMAGE_PIXELS


def encoded(file_format: str, array: np.ndarray = NOISE, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, file_format, **options)
    return buffer.getvalue()


def warns_in_pillow() -> bytes:
    """A TIFF one of whose tags lies beyond the end of the file, of which Pillow warns."""
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory[315] = "a long enough name of an artist"
    data = bytearray(encoded("TIFF", tiffinfo=directory))
    entry = data.index(struct.pack("<HH", 315, 2))
    struct.pack_into("<L", data, entry + 8, 10_000_000)
    return bytes(data)


@contextmanager
def first_in_first_out(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> Iterator[Callable[..., None]]:
    """Let two calls of a function overlap: the first to enter it leaves it while the second is still within."""
    inside, leave = [threading.Event(), threading.Event()], [threading.Event(), threading.Event()]
    original, turn = getattr(module, name), iter((0, 1))

    def slow(*arguments: Any, **options: Any) -> Any:
        mine = next(turn)
        inside[mine].set()
        assert leave[mine].wait(20)
        return original(*arguments, **options)

    monkeypatch.setattr(module, name, slow)

    def overlap(work: Callable[[], object], between: Callable[[], None]) -> None:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread, entered in zip(threads, inside, strict=True):
            thread.start()
            assert entered.wait(20)
        for thread, may in zip(threads, leave, strict=True):
            between()
            may.set()
            thread.join(20)

    yield overlap


def host_warns() -> None:
    with pytest.raises(UserWarning, match="of the host"):  # the tests turn warnings into errors
        warnings.warn("of the host", UserWarning, stacklevel=1)


def test_two_loads_that_overlap_leave_the_filters_of_warnings(monkeypatch):
    before, done = globals_of_the_process(), []
    data = encoded("PNG")
    with first_in_first_out(monkeypatch, decode, "from_pil") as overlap:
        overlap(lambda: done.append(images.load(data)), host_warns)
    assert len(done) == 2
    assert globals_of_the_process() == before
    host_warns()


def test_two_decodings_that_overlap_leave_the_log_level_of_opencv(monkeypatch):
    before, done = globals_of_the_process(), []
    with first_in_first_out(monkeypatch, cv2, "imdecode") as overlap:
        data = cv2.imencode(".png", NOISE.astype(np.uint16) * 257)[1].tobytes()
        overlap(lambda: done.append(images.load(data)), lambda: None)
    assert [photo.pixels.dtype for photo in done] == [np.uint16] * 2
    assert globals_of_the_process() == before
    assert before[1] != cv2.utils.logging.LOG_LEVEL_SILENT


def test_two_loads_that_overlap_leave_the_limit_of_pillow(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1234)
    data, done = encoded("PNG"), []
    with first_in_first_out(monkeypatch, Image, "open") as overlap:
        overlap(lambda: done.append(images.load(data)), lambda: None)
    assert len(done) == 2
    assert Image.MAX_IMAGE_PIXELS == 1234


def test_two_conversions_that_overlap_leave_the_filters_of_warnings(monkeypatch, tmp_path):
    before, done = globals_of_the_process(), []
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pth", pickle_protocol=3)  # of which torch warns
    with first_in_first_out(monkeypatch, torch, "load") as overlap:
        overlap(lambda: done.append(convert(tmp_path / "a.pth", tmp_path / "a.safetensors")), host_warns)
    assert len(done) == 2
    assert globals_of_the_process() == before


def test_many_threads_load_in_silence_and_leave_everything_as_it_was(capfd):
    before = globals_of_the_process()
    deep = cv2.imencode(".png", NOISE.astype(np.uint16) * 257)[1].tobytes()
    cut = cv2.imencode(".tif", NOISE[..., 0].astype(np.uint16))[1].tobytes()[:-600]
    whole = (encoded("PNG"), deep, warns_in_pillow(), encoded("JPEG"))

    def work(_: int) -> None:
        for data in whole:
            images.load(data)
        with pytest.raises(InputError):
            images.load(cut)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(work, number) for number in range(32)]
            while not all(one.done() for one in done):
                host_warns()
    finally:
        sys.setswitchinterval(interval)
    for one in done:
        one.result()
    assert globals_of_the_process() == before
    assert capfd.readouterr() == ("", "")


def test_a_warning_of_pillow_is_not_passed_on_and_comes_back_after():
    data = warns_in_pillow()
    assert images.load(data).numpy().tolist() == NOISE.tolist()
    with pytest.raises(UserWarning), Image.open(io.BytesIO(data)) as image:
        image.tag_v2.items()


HELD = (quiet.decoders_quiet, quiet.torch_quiet, quiet.opencv_quiet, quiet.pillow_limit_lifted)


@pytest.mark.parametrize("held", HELD)
def test_blocks_nest_and_overlap_in_any_order_and_end_on_errors(held):
    before = globals_of_the_process()
    with held():
        during = globals_of_the_process()
        with pytest.raises(KeyError), held():
            raise KeyError
        assert globals_of_the_process() == during
    assert during != before
    assert globals_of_the_process() == before
    first, second = held(), held()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert globals_of_the_process() == during
    second.__exit__(None, None, None)
    assert globals_of_the_process() == before


def test_a_host_that_catches_warnings_meanwhile_keeps_no_filter_of_ours():
    before = globals_of_the_process()
    ours, hosts = quiet.decoders_quiet(), warnings.catch_warnings()
    for first, second in ((ours, hosts), (warnings.catch_warnings(), quiet.decoders_quiet())):
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        second.__exit__(None, None, None)
        assert globals_of_the_process() == before


def test_what_the_host_sets_meanwhile_stays(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1234)
    level = cv2.utils.logging.getLogLevel()
    try:
        with quiet.pillow_limit_lifted(), quiet.opencv_quiet():
            Image.MAX_IMAGE_PIXELS = 77
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        assert (Image.MAX_IMAGE_PIXELS, cv2.utils.logging.getLogLevel()) == (77, cv2.utils.logging.LOG_LEVEL_ERROR)
    finally:
        cv2.utils.logging.setLogLevel(level)
