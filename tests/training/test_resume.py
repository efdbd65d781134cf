"""A run goes on as the run that it was, or not at all."""

from __future__ import annotations

import os
import signal

import pytest

from restore.errors import DeviceError, InputError, UsageError
from restore.training import checkpoint, resume, train


@pytest.fixture
def begun(doubling, settings):
    """A run that was stopped at step 3 of 12, with float32 and the data in photos."""
    recipe = doubling()
    recipe.after_step = lambda step: os.kill(os.getpid(), signal.SIGINT) if step == 3 else None
    assert train(recipe, settings("run", options={"ema": 0.9}, defaults={"seed": 3, "steps": 12})).step == 3
    return settings("run").output


@pytest.fixture
def go_on(begun, doubling, settings):
    """Resume that run, with these changes to its settings."""

    def resume(recipe=None, **changes):
        same = {"options": {"ema": 0.9}, "defaults": {"seed": 3, "steps": 12}, "resume": True}
        return train(recipe or doubling(), settings("run", **{**same, **changes}))

    return resume


def test_what_is_left_out_comes_from_the_run(begun, go_on):
    result = go_on(data=None, validation=None, device="auto", precision="auto")
    assert result.step == 12
    assert "bias" in result.scores
    card = result.weights.with_suffix(".md").read_text("utf-8")
    for told in ("numbers from photos", "cpu in float32"):
        assert told in card


def test_a_saved_precision_replaces_auto_even_where_another_would_be_chosen(begun, go_on, monkeypatch):
    monkeypatch.setattr("restore.runtime.policy.fast_bfloat16", lambda device: True)
    go_on(precision="auto")
    assert checkpoint.load(begun / "checkpoint.safetensors")["precision"] == "float32"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"precision": "bfloat16"}, "--precision float32, not bfloat16"),
        ({"device": "cuda:1"}, "--device cpu, not cuda"),
        ({"options": {"ema": 0.8}}, "ema=0.9 there, 0.8 now"),
        ({"options": {"ema": 0.9, "seed": 4}}, "seed=3 there, 4 now"),
        ({"defaults": {"seed": 3, "steps": 90}}, "steps=12 there, 90 now"),
    ],
)
def test_another_run_is_refused_and_the_old_one_kept(begun, go_on, changes, told):
    before = {path: path.read_bytes() for path in begun.iterdir()}
    with pytest.raises(UsageError, match=told) as caught:
        go_on(**changes)
    assert caught.value.cure
    assert {path: path.read_bytes() for path in begun.iterdir()} == before


def test_another_recipe_is_refused(go_on, doubling):
    recipe = doubling()
    recipe.name = "tripling"
    with pytest.raises(UsageError, match=r"holds a run of doubling with ema=0\.9"):
        go_on(recipe)


def test_a_default_spelled_out_counts_as_equal(go_on):
    assert go_on(options={"ema": 0.9, "steps": 12, "seed": 3}).step == 12


def test_options_of_a_run_stay_as_they_were_first_given(go_on):
    card = go_on(options={"ema": 0.9, "steps": 12}).weights.with_suffix(".md").read_text("utf-8")
    assert "with ema=0.9 |" in card


def test_nothing_to_resume_is_told(doubling, settings):
    with pytest.raises(UsageError, match="no checkpoint"):
        train(doubling(), settings("other", resume=True))
    assert not settings("other").output.exists()


@pytest.mark.parametrize("change", ["added", "removed", "grown", "renamed"])
def test_other_data_are_refused_before_they_are_read(begun, go_on, tmp_path, change):
    photo = tmp_path / "photos" / "a.png"
    if change == "added":
        photo.with_name("b.png").write_bytes(b"1")
    elif change == "removed":
        photo.unlink()
    elif change == "grown":
        photo.write_bytes(b"123456")
    else:
        photo.rename(photo.with_name("c.png"))
    before = {path: path.read_bytes() for path in begun.iterdir()}
    with pytest.raises(UsageError, match="other data") as caught:
        go_on()
    assert "--data" in caught.value.cure
    assert {path: path.read_bytes() for path in begun.iterdir()} == before


def test_data_that_a_recipe_reads_differently_are_refused_and_the_log_is_kept(begun, go_on, doubling):
    recipe = doubling()
    recipe.load_data = lambda folder, progress: "other numbers"
    before = {path: path.read_bytes() for path in begun.iterdir()}
    with pytest.raises(UsageError, match="then numbers from photos, now other numbers"):
        go_on(recipe)
    assert {path: path.read_bytes() for path in begun.iterdir()} == before


def test_data_may_move_and_gather_hidden_files(go_on, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "photos").rename(tmp_path / "elsewhere" / "photos")
    (tmp_path / "elsewhere" / "photos" / ".index").write_bytes(b"1")
    with pytest.raises(InputError, match="does not exist any more") as caught:
        go_on(data=None)
    assert "--data" in caught.value.cure
    assert go_on(data=tmp_path / "elsewhere" / "photos").step == 12


@pytest.fixture
def scored(begun, tmp_path):
    """A folder to validate on, which the run that was stopped began with."""
    folder = tmp_path / "scored"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"12345")
    path = begun / "checkpoint.safetensors"
    files = resume.fingerprint(folder, begun)
    checkpoint.save(path, checkpoint.load(path) | {"validation": str(folder), "validation_files": files})
    return folder


def test_another_validation_set_is_refused_and_the_run_kept(begun, go_on, scored, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.png").write_bytes(b"123456")
    before = {path: path.read_bytes() for path in begun.iterdir()}
    with pytest.raises(
        UsageError, match=r"holds a run with --validation .*scored, and .*other has other files"
    ) as caught:
        go_on(validation=other)
    assert "leave --validation out" in caught.value.cure
    assert {path: path.read_bytes() for path in begun.iterdir()} == before


def test_a_validation_set_may_move(begun, go_on, scored, tmp_path):
    scored.rename(tmp_path / "moved")
    assert go_on(validation=tmp_path / "moved").step == 12
    assert checkpoint.load(begun / "checkpoint.safetensors")["validation"] == str(tmp_path / "moved")


def test_a_broken_image_may_be_taken_out_of_the_validation_set_and_is_told(go_on, scored, capsys):
    (scored / "broken.png").write_bytes(b"1")
    assert go_on(validation=None, quiet=False).step == 12
    assert "came, went or changed in size" in " ".join(capsys.readouterr().err.split())


def test_a_run_without_a_validation_set_may_get_one(begun, go_on, scored):
    path = begun / "checkpoint.safetensors"
    checkpoint.save(path, checkpoint.load(path) | {"validation": None, "validation_files": ""})
    assert "bias" in go_on(validation=scored).scores


def test_a_run_folder_within_the_data_is_no_part_of_them(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "a.png").write_bytes(b"1")
    before = resume.fingerprint(tmp_path, tmp_path / "run")
    (tmp_path / "run" / "log.jsonl").write_bytes(b"1")
    assert resume.fingerprint(tmp_path, tmp_path / "run") == before
    assert resume.fingerprint(tmp_path, tmp_path / "other") != before
    assert resume.fingerprint(None, tmp_path) == ""


def test_a_device_that_is_gone_is_told_with_what_the_run_needs(begun, go_on, monkeypatch):
    path = begun / "checkpoint.safetensors"
    checkpoint.save(path, checkpoint.load(path) | {"device": "cuda"})

    def absent(name):
        raise DeviceError("there is no device 'cuda' here")

    monkeypatch.setattr(resume, "choose_device", absent)
    with pytest.raises(DeviceError, match="--device cuda, and there is none here"):
        go_on(device="auto")


def test_a_checkpoint_that_tells_neither_data_nor_device_goes_on(begun, go_on):
    path = begun / "checkpoint.safetensors"
    state = checkpoint.load(path)
    for key in ("data", "data_line", "data_files", "device", "precision", "validation", "validation_files", "defaults"):
        del state[key]
    checkpoint.save(path, state)
    assert go_on().step == 12
    assert checkpoint.load(path)["device"] == "cpu"


def test_a_recipe_with_data_of_its_own_needs_no_folder(doubling, settings):
    result = train(doubling(), settings("own", data=None))
    assert "numbers from nowhere" in result.weights.with_suffix(".md").read_text("utf-8")
