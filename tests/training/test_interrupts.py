"""Signals ask a training to stop; what is ignored stays ignored."""

from __future__ import annotations

import signal

import pytest

from restore.training.interrupts import stop_requests

HANGUP = getattr(signal, "SIGHUP", None)


@pytest.fixture
def before():
    """Handlers of our own, put back afterwards."""
    numbers = [signal.SIGINT, signal.SIGTERM, *([HANGUP] if HANGUP else [])]
    found = {number: signal.signal(number, lambda *_: None) for number in numbers}
    yield
    for number, handler in found.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, *([HANGUP] if HANGUP else [])])
def test_the_first_asks_and_the_second_kills(before, number):
    kept = signal.getsignal(number)
    with stop_requests() as asked:
        assert not asked()
        signal.raise_signal(number)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is kept


@pytest.mark.skipif(HANGUP is None, reason="there is no SIGHUP here")
def test_under_nohup_a_closed_terminal_stops_nothing(before):
    signal.signal(HANGUP, signal.SIG_IGN)
    with stop_requests() as asked:
        signal.raise_signal(HANGUP)
        assert not asked()
    assert signal.getsignal(HANGUP) is signal.SIG_IGN
