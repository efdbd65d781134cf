"""Work ahead of a device and behind it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from restore.benchmark.pipeline import Behind, Inline, ahead, executor


@pytest.mark.parametrize("threads", [0, 3])
def test_items_come_in_order_with_their_work(threads):
    with ThreadPoolExecutor(threads) if threads else Inline() as pool:
        found = [(item, future.result()) for item, future in ahead(pool, lambda n: n * n, range(20), 4)]
    assert found == [(n, n * n) for n in range(20)]


def test_no_more_than_a_window_is_on_its_way():
    begun = []
    with ThreadPoolExecutor(4) as pool:
        for item, future in ahead(pool, begun.append, range(20), 3):
            future.result()
            assert len(begun) <= item + 3


def test_nothing_runs_beside_a_model_on_the_cpu():
    pool, window = executor(torch.device("cpu"))
    threads = [future.result() for _, future in ahead(pool, lambda _: threading.get_ident(), range(3), window)]
    assert (set(threads), window) == ({threading.get_ident()}, 1)
    begun = []
    next(ahead(pool, begun.append, range(20), window))
    assert begun == [0]


def test_a_failure_is_the_items_own_and_an_interruption_is_everybodys():
    def fail(number):
        if number == 1:
            raise ValueError("one")
        return number

    futures = [future for _, future in ahead(Inline(), fail, range(3), 1)]
    assert [future.exception() is None for future in futures] == [True, False, True]

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(ahead(Inline(), interrupt, range(3), 1))


@pytest.mark.parametrize("threads", [0, 2])
def test_what_follows_is_waited_for_and_its_results_come_in_order(threads):
    def square(number):
        time.sleep(0.01 / number)
        done.append(number)
        return number * number

    done, found = [], []
    with ThreadPoolExecutor(threads) if threads else Inline() as pool:
        behind = Behind(pool, 3)
        for number in range(1, 9):
            found += behind.submit(square, number)
            assert len(found) == max(0, number - 2)
        found += behind.finish()
        assert behind.finish() == []
    assert found == [n * n for n in range(1, 9)]
    assert sorted(done) == list(range(1, 9))


def test_errors_of_what_follows_are_raised():
    with ThreadPoolExecutor(1) as pool:
        behind = Behind(pool, 2)
        behind.submit(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            behind.submit(int)
        assert behind.finish() == [0]
