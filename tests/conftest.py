"""Fixtures shared by all tests."""

from __future__ import annotations

import hashlib
import importlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings

from restore.registry import registry

# What starts in the background of a shell ignores Ctrl-C, and so would the programs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("restore", deadline=None, derandomize=True)
settings.load_profile("restore")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Test sets and oracle images that lie beside the checkout and are no part of the project."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the test data folder {folder} is absent")
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three smooth images and one that is smaller than 32 pixels, to train on."""
    import numpy as np
    import torch
    from PIL import Image

    from restore.resize import resize

    folder = tmp_path / "training-photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number, size in enumerate([(70, 61), (64, 64), (90, 50), (20, 20)]):
        coarse = torch.from_numpy(rng.random((1, 3, 8, 8)))
        smooth = resize(coarse, *size).clamp(0, 1)[0].permute(1, 2, 0).mul(255).round().byte().numpy()
        Image.fromarray(smooth).save(folder / f"{number}.png")
    return folder


@dataclass
class Site:
    """A folder of installed distributions, written as an installer leaves them."""

    folder: Path
    packages: list[str] = field(default_factory=list)

    def install(
        self,
        name: str,
        plugin: str,
        *,
        version: str = "1.0",
        requires: Sequence[str] = (),
        group: str = "restore.v1",
        entry: str | None = None,
        value: str | None = None,
        files: Mapping[str, str | bytes] | None = None,
        metadata: str | None = None,
        entry_points: str | None = None,
        direct_url: str | None = None,
    ) -> Path:
        """Write a distribution whose ``plugin`` module has this source; return its package."""
        package = name.lower().replace("-", "_")
        entry = entry or package.removeprefix("restore_")
        info = f"{package}-{version}.dist-info"
        told = "".join(f"Requires-Dist: {line}\n" for line in requires)
        written: dict[str, str | bytes] = {
            f"{package}/__init__.py": "",
            f"{package}/plugin.py": textwrap.dedent(plugin),
            f"{info}/METADATA": metadata
            if metadata is not None
            else f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{told}",
            f"{info}/entry_points.txt": entry_points or f"[{group}]\n{entry} = {value or package + '.plugin'}\n",
            f"{info}/INSTALLER": "pip\n",
            **({f"{info}/direct_url.json": direct_url} if direct_url else {}),
            **{f"{package}/{path}": content for path, content in (files or {}).items()},
        }
        record = []
        for path, content in written.items():
            data = content if isinstance(content, bytes) else content.encode()
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            record.append(f"{path},sha256={hashlib.sha256(data).hexdigest()},{len(data)}")
        (self.folder / info / "RECORD").write_text("\n".join([*record, f"{info}/RECORD,,"]) + "\n")
        self.packages.append(package)
        return self.folder / package

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in a fresh process that has these distributions."""
        command = "from restore.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", command, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "80", **environment},
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Distributions that are installed for one test, in this process and in those that it starts."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name in ("RESTORE_PLUGINS", "RESTORE_DISABLE_PLUGINS", "RESTORE_STRICT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    registry.cache_clear()
    here = Site(folder)
    yield here
    registry.cache_clear()
    for module in [m for m in sys.modules if m.partition(".")[0] in here.packages]:
        del sys.modules[module]
