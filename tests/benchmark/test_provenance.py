"""Where a result was made."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import version

import torch

import restore
from restore.benchmark import provenance


def git(folder, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_versions_flags_and_device():
    found = provenance.environment(torch.device("cpu"), "auto")
    assert found["restore"] == restore.__version__
    assert found["versions"]["scikit-image"] == version("scikit-image")
    assert found["device_name"]
    assert found["threads"] == torch.get_num_threads()
    before = torch.backends.cudnn.benchmark
    try:
        torch.backends.cudnn.benchmark = not before
        assert provenance.environment(torch.device("cpu"), "auto")["flags"]["cudnn.benchmark"] is not before
    finally:
        torch.backends.cudnn.benchmark = before


def test_the_revision_of_the_checkout_and_whether_files_differ_from_it(tmp_path, monkeypatch):
    package = tmp_path / "checkout" / "restore"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(provenance.restore, "__file__", str(package / "__init__.py"))
    assert provenance.git_commit() is None
    git(tmp_path, "init", "-q", "checkout")
    assert provenance.git_commit() is None  # a repository around it that does not hold it
    git(package, "add", ".")
    git(package, "commit", "-qm", "x")
    commit = git(package, "rev-parse", "HEAD")
    assert provenance.git_commit() == commit
    (tmp_path / "checkout" / "notes").write_text("no code")
    assert provenance.git_commit() == commit
    (package / "__init__.py").write_text("changed = True")
    changed = provenance.git_commit()
    assert re.fullmatch(rf"{commit}\+[0-9a-f]{{8}}", changed)
    (package / "__init__.py").write_text("changed = again")
    assert provenance.git_commit() not in (commit, changed)
