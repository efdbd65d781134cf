"""docs/plugins/tutorial.md, done as it stands there; only the training is cut short."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from restore.cli import cli
from restore.plugin import WeightsSpec
from restore.registry import registry
from restore.testing import check_plugin

PAGE = (Path(__file__).resolve().parents[1] / "docs/plugins/tutorial.md").read_text("utf-8")
FILES = dict(re.findall(r"^`(\S+\.py)`:\n\n```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
RUN = "runs/dncnn-gray/dncnn-gray"


def commands(section):
    """Return the lines of a section's shell blocks."""
    text = PAGE.partition(f"\n## {section}")[2].partition("\n## ")[0]
    assert text
    return [line for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for line in
            block.splitlines()]  # fmt: skip


def call(line):
    program, *arguments = shlex.split(line.replace("--steps 1500", "--steps 4"))
    assert program == "restore"
    result = CliRunner(env={"COLUMNS": "80"}).invoke(cli, arguments)
    assert result.exit_code == 0, (line, result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder ``restore-dncnn`` of the page, beside ``photos``, ``photo.png`` and ``sets``."""
    root = tmp_path_factory.mktemp("tutorial")
    rng = np.random.default_rng(0)
    for name in ("photos/a.png", "photos/b.png", "photo.png", "sets/set14/c.png"):
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        coarse.resize((72, 64), Image.Resampling.BICUBIC).save(root / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        [new] = [line for line in commands("1.") if line.startswith("restore ")]
        call(new)
    return root / "restore-dncnn"


@pytest.fixture
def written(place, site, monkeypatch):
    """The plugin as the page leaves it, installed."""
    monkeypatch.chdir(place)
    for path, text in FILES.items():
        (place / path).write_text(text)
    own = {path.partition("/")[2]: text for path, text in FILES.items() if path.startswith("restore_dncnn/")}
    package = site.install("restore-dncnn", own.pop("plugin.py"), files=own)
    registry.cache_clear()
    return package


def test_the_scaffold_writes_the_files_of_the_page(place):
    [listed] = re.findall(r"^restore-dncnn/\n((?:  \S+\n)+)```", PAGE, re.MULTILINE)
    there = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert there == set(listed.split())
    assert {path for path in FILES if path not in there} == {"restore_dncnn/recipe.py"}


def test_from_training_to_the_benchmark(written):
    """Sections 3 to 6; what needs pip is tested with the scaffold."""
    [info, train] = commands("3.")
    assert "of the noise, where white is 255" in call(info).stdout
    call(train)
    assert Path(f"{RUN}.md").is_file()
    for line in commands("4."):
        call(line)
    with Image.open("clean.png") as clean:
        assert clean.size == (72, 64)
    [bench] = commands("6.")
    assert f"-m dncnn@{RUN}.safetensors" in bench
    assert "dncnn-dncnn-gray" in call(bench).stdout
    assert Path("out/report.html").is_file()


def test_what_the_page_promises_is_what_the_kit_measures(written):
    verdicts = check_plugin("restore-dncnn")
    assert {verdict.component for verdict in verdicts} == {"dncnn", "dncnn-gray"}
    assert not [str(verdict.failure) for verdict in verdicts if not verdict.ok]


def test_a_receptive_field_that_is_too_small_is_measured(written):
    """The page says so of 33; 17 convolutions of 3 x 3 reach 17 pixels far."""
    model = written / "model.py"
    model.write_text(model.read_text("utf-8").replace("2 * depth + 1", "2 * depth - 1"))
    verdicts = {verdict.check: verdict for verdict in check_plugin("dncnn")}
    assert "what lies 17 pixels away" in str(verdicts["receptive-field"].failure)


def test_its_own_test_passes(written, place):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_model.py"],
        capture_output=True, text=True, timeout=120, check=False, cwd=place,
        env={"PYTHONPATH": str(place), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_weights_are_published(written, site, tmp_path):
    """Section 7: the descriptor of the weights, its hash filled in."""
    call(commands("3.")[1] + f" -o {tmp_path / 'run'}")
    (written / "weights").mkdir()
    for suffix in ("safetensors", "md"):
        shutil.copy(tmp_path / f"run/dncnn-gray.{suffix}", written / f"weights/gray-25.{suffix}")
    digest = hashlib.sha256((written / "weights/gray-25.safetensors").read_bytes()).hexdigest()
    assert digest in (written / "weights/gray-25.md").read_text("utf-8")
    [fragment] = [text for text in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
                  if text.startswith("weights = (")]  # fmt: skip
    fragment = fragment.replace('"..."', repr(digest))
    exec(fragment, {"WeightsSpec": WeightsSpec})
    source = (written / "plugin.py").read_text("utf-8")
    source = source.replace("RecipeSpec, hookimpl", "RecipeSpec, WeightsSpec, hookimpl")
    argument = fragment.rstrip().removeprefix("weights = ")
    (written / "plugin.py").write_text(
        source.replace("receptive_field=None,", f"receptive_field=None, weights={argument},")
    )
    call("restore degrade gaussian-noise:sigma=0.098 ../photo.png -o noisy.png --overwrite")
    done = site.run("run", "dncnn", str(Path("noisy.png").absolute()), "-o", str(tmp_path / "clean.png"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clean.png").is_file()
