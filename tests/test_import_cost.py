"""Listing and help stay light: none of the heavy libraries is imported, whatever the machine's speed."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

HEAVY = {
    "torch",
    "torchvision",
    "kornia",
    "cv2",
    "skimage",
    "lpips",
    "accelerate",
    "numpy",
    "scipy",
    "PIL",
    "safetensors",
    "rich",
}
PROBE = """
import contextlib, io, json, sys
from restore.cli import cli
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    for arguments in {commands!r}:
        cli(arguments, standalone_mode=False)
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def modules(site, source: str) -> set[str]:
    command = [sys.executable, "-c", textwrap.dedent(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=site.folder)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["list", "models", "--json"],
        ["list", "--task", "denoising"],
        ["plugin", "list"],
        ["plugin", "new", "haze", "--kind", "degradation"],
        ["weights", "list", "--json"],
        ["weights", "verify"],
        *([command, "--help"] for command in ("list", "info", "doctor", "run", "degrade", "metric", "train", "demo")),
        ["plugin", "--help"],
        ["plugin", "check", "--help"],
        ["weights", "--help"],
        ["weights", "convert", "--help"],
    ],
    ids=" ".join,
)
def test_a_light_command_imports_nothing_heavy(site, arguments):
    found = modules(site, PROBE.format(commands=[arguments]))
    assert "click" in found
    assert not found & HEAVY


def test_listing_weights_has_nothing_to_do_with_the_network(site):
    source = PROBE.replace('.partition(".")[0]', "").format(commands=[["weights", "list"]])
    found = modules(site, source)
    assert "restore.published" in found
    assert not found & {"urllib.request", "http.client", "ssl"}


def test_importing_the_package_is_light(site):
    found = modules(site, "import json, sys, restore\nprint(json.dumps(sorted(sys.modules)))")
    assert not found & {*HEAVY, "click", "pluggy"}


def test_the_conformance_kit_is_light_until_it_runs(site):
    source = "import json, sys, restore.testing\nprint(json.dumps(sorted(sys.modules)))"
    assert not modules(site, source) & {*HEAVY, "click", "pluggy", "pytest"}


def test_the_registry_and_the_descriptors_are_light(site):
    source = """
        import json, sys, restore
        assert len(restore.models()) >= 1 and len(restore.plugins()) >= 3
        print(json.dumps(sorted(sys.modules)))
    """
    assert not modules(site, source) & {*HEAVY, "click"}


def test_the_probe_would_notice(site):
    assert "torch" in modules(site, PROBE.format(commands=[["info", "jpeg"]]))
