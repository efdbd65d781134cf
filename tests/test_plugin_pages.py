"""docs/plugins/: examples that the scaffold writes or that run as they stand; mistakes that are found as it says."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import restore
from restore.benchmark import find_protocol
from restore.cli import cli
from restore.plugin import SPECS, Spec
from restore.registry import registry
from restore.scaffold.package import SUMMARIES
from restore.testing.kinds import checks_of
from restore.testing.running import plan
from restore.weights import read

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = {path.stem: path.read_text("utf-8") for path in (DOCS / "plugins").glob("*.md") if path.stem != "tutorial"}
ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \| `([a-z0-9-]+)` \| ", re.MULTILINE)


def blocks(kind, language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[kind], re.DOTALL | re.MULTILINE)


def files_of(kind):
    """Return the files that a page shows, by their path."""
    return dict(re.findall(r"^`(\S+/\S+)`:\n\n```\w+\n(.*?)^```", PAGES[kind], re.DOTALL | re.MULTILINE))


def commands(kind):
    return [shlex.split(line) for block in blocks(kind, "sh") for line in block.splitlines()]


def mistakes(kind):
    """Return the rows of a page's last table: a piece of the example, what is written in its place, the check."""
    return ROW.findall(PAGES[kind].partition("## Mistakes that are made most\n")[2])


def call(*arguments):
    result = CliRunner(env={"COLUMNS": "80"}).invoke(cli, list(arguments))
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return result


def install(site, kind, texts):
    """Install a page's example as its package."""
    package = {path.partition("/")[0] for path in texts}
    [name] = package
    own = {path.partition("/")[2]: text for path, text in texts.items()}
    site.install(name.replace("_", "-"), own.pop("plugin.py"), files=own)
    registry.cache_clear()
    return registry()


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """The current folder, with ``photo.png`` and what else the pages' commands name."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("photo.png", "original.png", "restored.png", "photos/a.png", "photos/b.png"):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        Path(name).parent.mkdir(exist_ok=True)
        coarse.resize((64, 48), Image.Resampling.BICUBIC).save(name)
    return tmp_path


def test_every_kind_that_the_core_acts_on_has_a_page_that_is_linked():
    index = (DOCS / "plugins.md").read_text("utf-8")
    kinds = {spec.kind for spec in SPECS} - {"dataset"}
    assert set(PAGES) == kinds
    for page in (*kinds, "tutorial"):
        assert f"(plugins/{page}.md)" in index


@pytest.mark.parametrize("page", ["../plugins", *PAGES])
def test_links_lead_somewhere(page):
    path = (DOCS / "plugins" / f"{page}.md").resolve()
    for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^)]*)\)", path.read_text("utf-8")):
        there = (path.parent / target).resolve() if target else path
        assert there.is_file(), target
        titles = re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.MULTILINE)
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.kind != "dataset"], ids=lambda spec: spec.kind)
def test_every_field_of_a_kinds_own_is_explained(spec):
    own = {field.name for field in fields(spec)} - ({field.name for field in fields(Spec)} - {"file", "factory"})
    own -= {"factory"} if spec.kind != "protocol" else set()
    for name in own:
        assert re.search(rf"`{name}[`=]", PAGES[spec.kind]), name


@pytest.mark.parametrize("kind", SUMMARIES)
def test_the_example_is_what_the_scaffold_writes(kind, tmp_path):
    [new] = [command[1:] for command in commands(kind) if command[1:3] == ["plugin", "new"]]
    call(*new, "-o", str(tmp_path / "made"))
    shown = files_of(kind)
    assert {path.partition("/")[2] for path in shown} == {"plugin.py", f"{kind}.py"}
    for path, text in shown.items():
        assert text == (tmp_path / "made" / path).read_text("utf-8"), path


@pytest.mark.parametrize("kind", SUMMARIES)
def test_the_commands_of_the_scaffolds_readme_work(kind, site, pictures):
    call("plugin", "new", "own-try", "--kind", kind, "-o", "made")
    package = "restore_own_try"
    texts = {f"{package}/{path.name}": path.read_text("utf-8") for path in Path("made", package).glob("*.py")}
    install(site, kind, {path: text for path, text in texts.items() if text})
    Path("noisy.png").write_bytes(Path("photo.png").read_bytes())
    [block] = re.findall(r"^```\n(.*?)^```", Path("made/README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    [usage] = re.findall(r"^restore info own-try\n(.*?)^restore plugin check", block, re.DOTALL | re.MULTILINE)
    for line in usage.splitlines():
        words = shlex.split(line)
        if words[0] == "restore":
            call(*words[1:])
        elif words[0] == "printf":
            assert words[2] == ">"
            Path(words[3]).write_text(words[1].replace("\\n", "\n"))
        else:
            assert words[:2] == ["python", "-c"]
            exec(words[2], {})


@pytest.mark.parametrize("kind", SUMMARIES)
def test_its_commands_and_its_python_work(kind, site, pictures):
    install(site, kind, files_of(kind))
    for text in blocks(kind, "toml"):
        Path("own.toml").write_text(text)
    for command in commands(kind):
        if command[1:3] != ["plugin", "new"]:
            assert call(*command[1:]).output
    snippets = [text for text in blocks(kind, "python") if "registry()" in text or "load_prior(" in text]
    for text in snippets:
        names = {}
        exec(text, names)
        if kind == "loss":
            expected = (names["prediction"] - names["target"]).double()
            steps = (expected.diff(dim=dim).abs().mean() for dim in (-1, -2))
            assert float(names["value"]) == pytest.approx(0.5 * float(sum(steps)), rel=1e-5)
        else:
            prior = names["prior"]
            assert not prior.training
            assert prior.decode(torch.zeros(1, *prior.latent_shape)).shape == (1, 3, 32, 32)
    assert len(snippets) == (kind in ("loss", "prior"))


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "check"),
    [pytest.param(kind, *row, id=f"{kind}-{number}") for kind in PAGES for number, row in enumerate(mistakes(kind))],
)
def test_a_mistake_is_found_by_the_check_that_the_page_names(kind, right, wrong, check, site):
    texts = files_of(kind)
    [place] = [path for path, text in texts.items() if right in text]
    texts[place] = texts[place].replace(right, wrong, 1)
    found = install(site, kind, texts)
    package = place.partition("/")[0]
    names = [c.spec.name for c in found.components if c.plugin.distribution == package.replace("_", "-")]
    verdicts = [trial.run() for name in names for trial in plan(name, only=(check,))]
    assert "failed" in {verdict.outcome for verdict in verdicts}


@pytest.mark.parametrize("kind", PAGES)
def test_the_tables_of_mistakes_are_read(kind):
    """So that a row which is written otherwise is not left untested."""
    section = PAGES[kind].partition("## Mistakes that are made most\n")[2]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert len(rows) == len(mistakes(kind)) >= 4
    assert {check for _, _, check in mistakes(kind)} <= {check.name for check in checks_of(kind)}


def test_the_recipe_trains_both_networks_and_its_weights_restore(site, pictures, monkeypatch):
    """Cut short, and yet some of the noise is gone."""
    install(site, "recipe", files_of("recipe"))
    train, run = commands("recipe")
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)  # TensorBoard is slow to import
    assert train[-2:] == ["--steps", "300"]
    call(*train[1:-1], "100", "--quiet")
    folder = Path("runs/crisp-adversarial")
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert {"critic/loss", "network/loss", "network/error", "network/dislike"} <= set(log[0])
    scores = [entry["validation/psnr"] for entry in log if "validation/psnr" in entry]
    originals = [Image.open(path) for path in sorted(Path("photos").iterdir())]
    noisy = [restore.degrade(image, "gaussian-noise:sigma=0.1") for image in originals]
    before = [restore.evaluate(bad, good)["psnr"] for bad, good in zip(noisy, originals, strict=True)]
    assert scores[-1] > sum(before) / len(before) + 0.3
    assert set(read(folder / "crisp-adversarial.safetensors")[0]) == {
        f"noise.{layer}.{name}" for layer in (0, 2, 4) for name in ("weight", "bias")
    }
    call(*run[1:])
    with Image.open("clean.png") as clean:
        assert clean.size == (64, 48)


def test_the_protocols_measure(site, pictures):
    install(site, "protocol", files_of("protocol"))
    info, dusk, consistent = commands("protocol")
    assert "poisson-noise:peak=30" in call(*info[1:]).stdout
    assert "tv-chambolle" in call(*dusk[1:]).stdout
    results = json.loads(Path("out/results.json").read_text())
    assert {row["model"] for row in results["summary"]} == {"nlm", "tv-chambolle"}
    call(*consistent[1:])
    row = next(r for r in json.loads(Path("out-x4/results.json").read_text())["summary"] if r["model"] == "lanczos")
    assert 20 < row["metrics"]["lr-consistency"] < 100
    written = tomllib.loads(files_of("protocol")["restore_dusk/protocols/denoise-dusk.toml"])
    assert find_protocol("denoise-dusk").datasets == tuple(written["datasets"])
    ours, base = find_protocol("sr-x4-consistent"), find_protocol("sr-x4")
    assert (ours.degradation, ours.color, ours.border()) == (base.degradation, base.color, base.border())
    assert ours.hash != base.hash
