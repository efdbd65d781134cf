"""The wheel holds everything, weights and protocols included, and works away from the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


def run(*command, **options):
    limits = {"timeout": 300, **options}
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **limits)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    [path] = folder.glob("restore_toolkit-*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """A fresh environment with the wheel; its dependencies are borrowed from the one that runs the tests.

    Borrowing by a path file brings the packages but not the editable install of this checkout.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    purelib = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    Path(purelib, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only a repository tells which files are its own")
def test_every_shipped_file_is_in_the_wheel(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = run("git", "ls-files", "restore", "plugins", cwd=ROOT).stdout.split()
    shipped = {Path(p).relative_to("plugins").parts[1:] if p.startswith("plugins") else Path(p).parts for p in tracked}
    assert {"/".join(parts) for parts in shipped} <= names
    assert "restore/py.typed" in names


def test_the_wheel_lists_restores_and_verifies_away_from_the_checkout(environment, tmp_path):
    restore = environment / "bin" / "restore"
    where = run(environment / "bin" / "python", "-c", "import restore; print(restore.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(environment))
    listed = json.loads(run(restore, "list", "models", "--json", cwd=tmp_path).stdout)
    assert listed["schema"] == 1
    assert "srresnet" in json.dumps(listed)
    Image.fromarray(np.full((9, 11, 3), 128, np.uint8)).save(tmp_path / "in.png")
    run(restore, "weights", "verify", cwd=tmp_path)
    run(restore, "run", "srresnet", "in.png", "-o", "out.png", cwd=tmp_path)
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (44, 36)


@pytest.mark.parametrize(
    "kind",
    ["model", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("degradation", "loss", "prior", "metric"))],
)
def test_a_new_plugin_is_built_installed_listed_and_passes_its_own_tests(environment, kind, tmp_path):
    """The installed command writes it; its tests run away from its folder, so only what its wheel holds counts."""
    restore, python = environment / "bin" / "restore", environment / "bin" / "python"
    name, folder = f"built-{kind}", tmp_path / "plugin"
    run(restore, "plugin", "new", name, "--kind", kind, "-o", folder)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, folder)
    [built] = tmp_path.glob(f"restore_built_{kind}-0.1.0-*.whl")
    assert any(name.endswith("licenses/LICENSE") for name in zipfile.ZipFile(built).namelist())
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", built)
    (folder / "tests").rename(tmp_path / "tests")
    listed = json.loads(run(restore, "list", kind, "--json", cwd=tmp_path).stdout)
    [found] = [component for component in listed["components"] if component["name"] == name]
    assert (found["distribution"], found["version"], found["licence"]) == (f"restore-{name}", "0.1.0", "Apache-2.0")
    done = run(python, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "tests", cwd=tmp_path)
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASSED")]
    assert sum("test_conformance[" in line for line in passed) > 12, done.stdout
    assert sum(f"test_{kind}.py::" in line for line in passed) >= 3, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_installs_with_its_own_dependencies(kind, tmp_path):
    """Nothing is borrowed here, so a dependency that is not declared is missed. It downloads what pip has not kept."""
    run(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", tmp_path / "dist", ROOT)
    [built] = (tmp_path / "dist").iterdir()
    venv.create(tmp_path / "environment", with_pip=True)
    binaries = tmp_path / "environment" / "bin"
    constraints = ("--constraint", ROOT / "constraints.txt")
    run(binaries / "python", "-m", "pip", "install", "--quiet", *constraints, built, timeout=900)
    Image.fromarray(np.full((9, 11, 3), 128, np.uint8)).save(tmp_path / "in.png")
    for model in ("srresnet", "nlm", "lanczos"):
        run(binaries / "restore", "run", model, "in.png", "-o", f"{model}.png", cwd=tmp_path)
    run(binaries / "restore", "doctor", cwd=tmp_path)
    run(binaries / "restore", "degrade", "motion-blur|jpeg", "in.png", "-o", "bad.png", cwd=tmp_path)
