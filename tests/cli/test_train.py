"""``restore train`` with a tiny recipe of an installed plugin: options, refusals, Ctrl-C and resuming."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from click.testing import CliRunner

from restore.cli import cli
from restore.training import checkpoint
from restore.weights import header

PLUGIN = """
from restore.plugin import RecipeSpec, hookimpl

@hookimpl
def restore_recipes():
    return [RecipeSpec(name="doubling", factory="restore_tiny.recipe:Doubling", model="doubling"),
            RecipeSpec(name="strange", factory="restore_tiny.recipe:Strange"),
            RecipeSpec(name="photographic", factory="restore_tiny.recipe:Photographic")]
"""
RECIPE = '''
from __future__ import annotations

import time

import torch
from restore.contracts import Phase, Recipe
from restore.training.data import find_images
from torch import nn

class Strange: ...

class Doubling(Recipe):
    """A convolution learns to double its input.

    Args:
        widths: channels of each layer.
    """

    name, model = "doubling", "doubling"

    def __init__(self, steps: int = 8, seed: int = 3, ema: float = 0.9, widths: tuple[int, ...] = (4,),
                 label: str | None = None, pause: float = 0.0) -> None:
        self.steps, self.seed, self.ema, self.widths, self.pause = steps, seed, ema, widths, pause
        self.model_options = {"widths": list(widths)}

    def load_data(self, folder, progress):
        progress(1, 1)
        return f"numbers from {folder.name}" if folder else "numbers of its own"

    def build(self):
        sides = (1, *self.widths, 1)
        network = nn.Sequential(*(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(sides, sides[1:])))
        def objective(batch):
            error = (network(batch["x"]) - 2 * batch["x"]).abs().mean()
            return error, {"error": error}
        return [Phase(name="net", network=network, optimizer=torch.optim.Adam(network.parameters(), lr=0.05),
                      objective=objective)]

    def batch(self, step):
        time.sleep(self.pause)
        return {"x": torch.rand(2, 1, 5, 5, generator=torch.Generator().manual_seed(1000 * self.seed + step))}

    def learning_rate(self, step):
        return 1.0

    def validate(self, network, folder):
        return {"bias": float(network[-1].bias)}

class Photographic(Doubling):
    name = "photographic"

    def load_data(self, folder, progress):
        return f"{len(find_images(folder))} images"
'''


@pytest.fixture
def tiny(site, tmp_path, monkeypatch):
    """A plugin with a recipe, and a working folder with an empty folder of data."""
    site.install("restore-tiny", PLUGIN, files={"recipe.py": RECIPE})
    monkeypatch.setenv("RESTORE_PLUGINS", "restore-tiny")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for each other crawl on a busy machine
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(threads)


def arguments(*more):
    return [
        "train",
        "doubling",
        "--data",
        "photos",
        "--device",
        "cpu",
        "--precision",
        "float32",
        *map(str, more),
    ]


def call(*more):
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, arguments(*more))


def weights(folder):
    return (folder / "doubling.safetensors").read_bytes()


def test_a_run_leaves_weights_a_card_and_a_log(tiny):
    result = call("--set", "widths=3+5", "--steps", 6, "--seed", 4, "--validation", "photos", "--validate-every", 3)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    folder = tiny / "runs" / "doubling"
    metadata = header(folder / "doubling.safetensors").metadata
    assert (metadata["steps"], metadata["seed"]) == ("6", "4")
    assert json.loads(metadata["options"]) == {"widths": [3, 5]}
    assert json.loads(metadata["recipe_options"]) == {"widths": "3+5", "steps": 6, "seed": 4}
    card = (folder / "doubling.md").read_text("utf-8")
    assert "widths=3+5, steps=6, seed=4" in card
    assert "numbers from photos" in card
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [e["step"] for e in entries if "validation/bias" in e] == [3, 6]


def test_options_stand_after_the_name_or_in_set_which_wins(tiny):
    CliRunner().invoke(cli, ["train", "doubling:steps=2,seed=9", "--data", "photos", "--set", "steps=3", "-o", "run"])
    state = checkpoint.load(tiny / "run" / "checkpoint.safetensors")
    assert (state["step"], state["options"]) == (3, {"steps": "3", "seed": "9"})


def test_the_same_command_gives_the_same_bits_and_another_seed_others(tiny):
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        assert call("-o", name, "--seed", seed, "--quiet").exit_code == 0
    assert weights(tiny / "one") == weights(tiny / "two")
    state = [checkpoint.load(tiny / name / "checkpoint.safetensors")["networks"]["net"] for name in ("one", "three")]
    assert not state[0]["0.weight"].equal(state[1]["0.weight"])


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        (["--set", "step=3"], 2, "doubling has no option 'step'"),
        (["--set", "steps=many"], 2, "option steps must be a whole number, not 'many'"),
        (["--set", "widths"], 2, "'widths' is not an option"),
        (["--steps", "0"], 2, "--steps"),
        (["--resume"], 2, "holds no checkpoint"),
        (["--precision", "float16"], 2, "float16"),
        (["--seed", "-1"], 2, "-1 is no seed"),
        (["--device", "abacus"], 2, "no device is called 'abacus'"),
        (["--data", "absent"], 1, "the training data absent do not exist"),
        (["--validation", "absent"], 1, "the validation data absent do not exist"),
        (["-o", "file"], 2, "file is no folder"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(tiny, more, code, told):
    (tiny / "file").write_text("")
    result = call(*more)
    assert result.exit_code == code, result.output
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tiny / "runs" / "doubling" / "checkpoint.safetensors").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("doublin", "did you mean doubling?"),
        ("strange", "recipe 'strange' of restore-tiny made a Strange"),
        ("restore-absent:doubling", "no recipe is called"),
    ],
)
def test_unknown_and_wrong_recipes(tiny, name, told):
    result = CliRunner().invoke(cli, ["train", name, "--data", "photos"])
    assert result.exit_code == 3
    assert told in result.stderr
    assert not (tiny / "runs").exists()


def test_data_are_asked_for_by_recipes_that_need_them(tiny):
    result = CliRunner().invoke(cli, ["train", "photographic"])
    assert (result.exit_code, "--data" in result.stderr, "Traceback" in result.stderr) == (2, True, False)
    assert not (tiny / "runs").exists()


def test_a_recipe_may_bring_its_own_data(tiny):
    result = CliRunner().invoke(cli, ["train", "doubling", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    assert "numbers of its own" in (tiny / "runs/doubling/doubling.md").read_text("utf-8")


def stop_at(folder, step):
    """Take a finished run back to an earlier step, as if it had been interrupted there."""
    path = folder / "checkpoint.safetensors"
    checkpoint.save(path, checkpoint.load(path) | {"step": step})
    (folder / "doubling.md").unlink()


def test_resuming_finds_the_data_of_the_run_wherever_it_is_called(tiny, monkeypatch):
    assert call("-o", "run", "--validation", "photos").exit_code == 0
    stop_at(tiny / "run", 5)
    (tiny / "below").mkdir()
    monkeypatch.chdir(tiny / "below")
    result = CliRunner().invoke(cli, ["train", "doubling", "-o", "../run", "--resume"])
    assert result.exit_code == 0, result.output
    assert "from step 5 to 8" in result.stderr
    card = (tiny / "run/doubling.md").read_text("utf-8")
    assert "numbers from photos" in card
    assert "- bias: " in card


def test_resuming_on_other_data_or_in_another_precision_is_refused(tiny):
    assert call("-o", "run").exit_code == 0
    stop_at(tiny / "run", 5)
    (tiny / "others").mkdir()
    (tiny / "others" / "a.png").write_bytes(b"1")
    for more, told in ((["--data", "others"], "other data"), (["--precision", "bfloat16"], "--precision float32")):
        result = call("-o", "run", "--resume", *more)
        assert (result.exit_code, told in result.stderr) == (2, True), result.output
    assert checkpoint.load(tiny / "run" / "checkpoint.safetensors")["step"] == 5


def test_a_run_is_never_overwritten(tiny):
    assert call("-o", "run").exit_code == 0
    before = weights(tiny / "run")
    result = call("-o", "run", "--seed", 4)
    assert result.exit_code == 2
    assert "run holds a run already" in result.stderr
    assert "--resume" in result.stderr
    assert weights(tiny / "run") == before


def test_resuming_with_other_options_is_refused(tiny):
    assert call("-o", "run", "--set", "widths=2+3", "--set", "label=none").exit_code == 0
    for changed in (["--seed", 4], ["--set", "widths=3+2"], ["--steps", 80], ["--set", "label=a"]):
        result = call("-o", "run", "--resume", *changed)
        assert result.exit_code == 2
        assert "resume it with the same recipe and options" in result.stderr
    assert call("-o", "run", "--resume", "--set", "widths=2+3").exit_code == 0
    assert call("-o", "run", "--resume").exit_code == 0


def test_defaults_spelled_out_are_equal_options(tiny):
    assert call("-o", "run").exit_code == 0
    stop_at(tiny / "run", 5)
    same = "--steps 8 --seed 3 --set widths=4 --set label=none --set pause=0 --set ema=.9"
    result = call("-o", "run", "--resume", *same.split())
    assert result.exit_code == 0, result.output
    assert "with its defaults" in (tiny / "run/doubling.md").read_text("utf-8")


def test_a_damaged_checkpoint_is_told(tiny):
    assert call("-o", "run").exit_code == 0
    path = tiny / "run" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    result = call("-o", "run", "--resume")
    assert result.exit_code == 1
    assert "not a readable checkpoint" in result.stderr


def test_ctrl_c_leaves_a_checkpoint_and_resuming_gives_the_bits_of_an_uninterrupted_run(tiny, site):
    """The interrupt comes from outside, as from a keyboard, in the middle of a run."""
    common = [
        "--set",
        "widths=2+3",
        "--steps",
        40,
        "--set",
        "pause=0.03",
        "-o",
        "parts",
        "--validate-every",
        1000,
    ]
    command = [sys.executable, "-c", "from restore.cli import main; main()", *arguments(*common)]
    environment = {**os.environ, "PYTHONPATH": str(site.folder)}
    process = subprocess.Popen(
        command, cwd=tiny, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    log = tiny / "parts" / "log.jsonl"
    deadline = time.monotonic() + 120
    while process.poll() is None and not (log.exists() and log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert "--resume continues from" in err
    assert "Traceback" not in err
    state = checkpoint.load(tiny / "parts" / "checkpoint.safetensors")
    assert 0 < state["step"] < 40
    assert not (tiny / "parts" / "doubling.safetensors").exists()
    assert not list((tiny / "parts").glob("*.tmp"))

    resumed = call("-o", "parts", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert f"from step {state['step']} to 40" in resumed.stderr
    assert call(*common[:-3], "whole", "--validate-every", 1000).exit_code == 0
    assert weights(tiny / "parts") == weights(tiny / "whole")
    one, two = (checkpoint.load(tiny / name / "checkpoint.safetensors") for name in ("parts", "whole"))
    assert one["optimizers"]["net"]["state"][0]["exp_avg"].equal(two["optimizers"]["net"]["state"][0]["exp_avg"])


@pytest.mark.slow
def test_several_processes_stop_together_and_go_on_as_if_nothing_had_been(tiny, site):
    """Ctrl-C in the middle of a run of two; torchrun goes on with it; the bits are those of a whole run of two."""
    common = arguments("--steps", 30, "--set", "pause=0.03", "--validation", "photos", "--validate-every", 20)
    environment = {**os.environ, "PYTHONPATH": str(site.folder)}

    def start(*words):
        command = [sys.executable, "-m", *map(str, words)]
        return subprocess.Popen(command, cwd=tiny, stderr=subprocess.PIPE, text=True, env=environment)

    parts = start("restore", *common, "-o", "parts", "--processes", 2)
    log = tiny / "parts" / "log.jsonl"
    deadline = time.monotonic() + 300
    while parts.poll() is None and not (log.exists() and log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    parts.send_signal(signal.SIGINT)
    err = parts.communicate(timeout=300)[1]
    assert parts.returncode == 130, err
    assert err.count("--resume continues from") == 1
    assert "Traceback" not in err
    stopped = checkpoint.load(tiny / "parts" / "checkpoint.safetensors")["step"]
    assert 0 < stopped < 30

    torchrun = ("torch.distributed.run", "--standalone", "--nproc-per-node", 2, "-m", "restore")
    resumed = start(*torchrun, *common, "-o", "parts", "--resume")
    err = resumed.communicate(timeout=300)[1]
    assert resumed.returncode == 0, err
    assert err.count(f"training on 2 x cpu in float32, from step {stopped} to 30") == 1
    whole = start("restore", *common, "-o", "whole", "--processes", 2, "--quiet")
    assert whole.communicate(timeout=300)[1] == ""
    assert weights(tiny / "parts") == weights(tiny / "whole")
    steps = [json.loads(line)["step"] for line in log.read_text().splitlines()]
    assert steps == sorted(steps)
