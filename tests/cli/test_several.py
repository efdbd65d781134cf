"""Processes that work together look like one: its exit code, its voice, its signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from restore.cli import several
from restore.errors import UsageError


def python(source):
    return [sys.executable, "-c", f"import os, sys, time\nrank = int(os.environ['RANK'])\n{source}"]


def test_each_is_told_who_it_is_and_where_to_meet(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    names = ["RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "OMP_NUM_THREADS"]
    source = f"import json; open(f'{tmp_path}/{{rank}}', 'w').write(json.dumps([os.environ[n] for n in {names}]))"
    assert several.run(3, python(source)) == 0
    told = [json.loads((tmp_path / str(index)).read_text()) for index in range(3)]
    port = told[0][5]
    assert told == [[str(index), str(index), "3", "3", "127.0.0.1", port, "3"] for index in range(3)]


@pytest.mark.parametrize(
    ("source", "code", "shown"),
    [
        ("sys.exit(0)", 0, False),
        ("sys.exit('usage' if rank else 0)", 1, True),
        ("print('usage', file=sys.stderr) if rank else None; sys.exit(2)", 2, False),  # the first said it itself
        ("print('usage', file=sys.stderr) if rank else None; sys.exit(2 if rank else 0)", 2, True),
        ("os.kill(os.getpid(), 9) if rank == 0 else None", 137, False),
    ],
)
def test_the_exit_code_is_of_the_one_that_failed_and_its_reason_is_shown_once(capfd, source, code, shown):
    assert several.run(2, python(source)) == code
    err = capfd.readouterr().err
    assert err == (f"process 1 of 2 ended with code {code}:\nusage\n" if shown else "")


def test_when_one_fails_the_others_do_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(several, "GRACE", 0.5)
    begun = time.monotonic()
    assert several.run(2, python("time.sleep(300) if rank == 0 else sys.exit(7)")) == 7
    assert time.monotonic() - begun < 60


def test_a_signal_reaches_each_of_them_once(tmp_path):
    """A second one would kill a training, so that Ctrl-C must not arrive from here and from the terminal too."""
    source = f"""
import signal
count = []
signal.signal(signal.SIGINT, lambda number, frame: count.append(number))
open(f'{tmp_path}/ready{{rank}}', 'w').close()
while not count:
    time.sleep(0.05)
time.sleep(0.5)
sys.exit(100 + len(count))
"""
    interrupting = threading.Thread(target=_interrupt_when_ready, args=(tmp_path,))
    interrupting.start()
    assert several.run(2, python(source)) == 101
    interrupting.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _interrupt_when_ready(folder):
    deadline = time.monotonic() + 60
    while len(list(folder.glob("ready*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


def test_processes_are_not_started_within_processes(monkeypatch):
    assert not several.are_running(2)
    for name, value in {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    assert several.are_running(2)
    with pytest.raises(UsageError, match="2 processes already, not 3") as caught:
        several.are_running(3)
    assert "torchrun" in caught.value.cure


def test_a_session_of_its_own_keeps_the_terminals_signals_away(tmp_path):
    assert several.run(2, python(f"open(f'{tmp_path}/{{rank}}', 'w').write(str(os.getsid(0)))")) == 0
    sessions = {(tmp_path / str(index)).read_text() for index in range(2)}
    assert len(sessions) == 2
    assert str(os.getsid(0)) not in sessions


def wait_for(folder, pattern, count=2):
    """Wait until as many files are there."""
    deadline = time.monotonic() + 120
    while len(list(folder.glob(pattern))) < count:
        assert time.monotonic() < deadline, f"{pattern} never came"
        time.sleep(0.05)


def test_when_the_parent_is_killed_outright_each_is_asked_to_stop(tmp_path):
    """SIGKILL cannot be passed on, and processes that are left over would go on writing the run folder."""
    source = f"""
import os, signal, sys, time
from restore.cli.child import stop_with_parent
rank = os.environ["RANK"]
def stop(number, frame):
    open(f'{tmp_path}/stopped{{rank}}', 'w').close()
    sys.exit()
signal.signal(signal.SIGTERM, stop)
stop_with_parent()
open(f'{tmp_path}/ready{{rank}}', 'w').close()
time.sleep(120)
"""
    run = f"import sys; from restore.cli import several; several.run(2, [sys.executable, '-c', {source!r}])"
    parent = subprocess.Popen([sys.executable, "-c", run])
    try:
        wait_for(tmp_path, "ready*")
        time.sleep(0.2)
        assert not list(tmp_path.glob("stopped*"))
    finally:
        parent.kill()
        parent.wait()
    wait_for(tmp_path, "stopped*")


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    """As ``nohup`` wants it; the processes inherit that."""
    source = f"""
import signal
open(f'{tmp_path}/{{rank}}', 'w').write(str(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN))
os.kill(os.getppid(), signal.SIGHUP)
"""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert several.run(2, python(source)) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert {(tmp_path / str(index)).read_text() for index in range(2)} == {"True"}
