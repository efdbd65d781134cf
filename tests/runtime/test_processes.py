"""Threads share a Restorer, and processes get one by its pickle."""

from __future__ import annotations

import copy
import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import restore


@pytest.mark.parametrize("tile", ["off", 150])
def test_threads_give_what_one_thread_gives(srresnet, picture, tile):
    restorer = srresnet(tile=tile, scale=2, blocks=1, channels=8)
    shapes = [(150, 160, 3), (170, 155, 3), (150, 160), (9, 8, 3), (160, 170, 4)]
    images = [picture(*shapes[seed % 5], seed=seed) for seed in range(16)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(restorer, images))
    for image, result in zip(images, results, strict=True):
        assert np.array_equal(result, restorer(image))


def test_threads_choose_tiles_together(srresnet, picture):
    """All of them measure at once, on a Restorer that has not been used."""
    restorer = srresnet(tile="auto", scale=2, blocks=1, channels=8)
    image = picture(150, 160, 3)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(restorer, [image] * 8))
    assert all(np.array_equal(result, restorer(image)) for result in results)


def test_threads_with_seeds(make):
    def slow(seen):
        time.sleep(0.002)  # lets other threads in between the seed and the draw
        return (seen.image + torch.rand(seen.image.shape)) / 2

    restorer = make(slow)
    image = torch.rand(3, 30, 40)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda seed: restorer(image, seed=seed), [n % 4 for n in range(32)]))
    for number, result in enumerate(results):
        assert torch.equal(result, restorer(image, seed=number % 4))


def test_a_pickle_holds_names_and_no_weights(toy):
    toy.install()
    restorer = restore.load("toy.large", device="cpu", precision="bfloat16", tile=200, gain=0.5)
    data = pickle.dumps(restorer)
    assert b"layers" not in data
    again = pickle.loads(data)
    assert (again.device, again.precision, again.tile) == (restorer.device, "bfloat16", 200)
    assert again.module.gain == 0.5
    image = torch.rand(3, 9, 8)
    assert torch.equal(again(image), restorer(image))
    assert torch.equal(pickle.loads(pickle.dumps(again))(image), restorer(image))
    assert torch.equal(copy.deepcopy(restorer)(image), restorer(image))


def test_a_pickle_finds_weights_from_another_folder(toy, tmp_path, monkeypatch):
    toy.install()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.safetensors").write_bytes(toy.content(4, 7))
    restorer = restore.load("toy", device="cpu", weights="own.safetensors")
    data = pickle.dumps(restorer)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    image = torch.rand(3, 9, 8)
    assert torch.equal(pickle.loads(data)(image), restorer(image))


def test_the_pickle_of_one_that_load_did_not_make_holds_its_module(srresnet):
    restorer = srresnet(scale=2, blocks=1, channels=4, tile=200)
    again = pickle.loads(pickle.dumps(restorer))
    image = torch.rand(3, 9, 8)
    assert torch.equal(again(image), restorer(image))
    assert (again.tile, again.precision, again.spec) == (200, "float32", restorer.spec)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_of_a_data_loader(toy, picture, context):
    toy.install()
    from restore_toy.net import Files

    restorer = restore.load("toy", device="cpu", precision="float32")
    images = [torch.from_numpy(picture(20, 16, 3, seed=seed)).movedim(-1, 0) for seed in range(4)]
    loader = torch.utils.data.DataLoader(
        Files(restorer, images), batch_size=2, num_workers=2, multiprocessing_context=context
    )
    batches = list(loader)
    assert [batch.shape for batch in batches] == [(2, 3, 20, 16)] * 2
    assert torch.equal(torch.cat(batches), torch.stack([restorer(image) for image in images]))
