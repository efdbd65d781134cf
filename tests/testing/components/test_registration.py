"""What importing a plugin does, seen from a fresh process."""

from __future__ import annotations

import pytest

from restore.registry import registry
from restore.testing import CheckFailed, Subject, probe
from restore.testing.components.registration import discovery_is_light, import_has_no_effects

PLUGIN = """
{before}
from restore.plugin import DatasetSpec, hookimpl

@hookimpl
def restore_datasets():
    {inside}
    return [DatasetSpec(name="things", factory="restore_probed.parts:Things")]
"""


@pytest.fixture
def installed(site):
    def install(before="", inside="pass", parts="class Things: pass", files=None):
        source = PLUGIN.format(before=before, inside=inside)
        site.install("restore-probed", source, files={"parts.py": parts, **(files or {})})
        registry.cache_clear()
        probe.forget()
        return Subject(component=registry().find("dataset", "things"))

    yield install
    probe.forget()


def test_a_good_plugin(installed):
    subject = installed(parts="import json, numpy\nclass Things: pass\n")
    discovery_is_light(subject)
    import_has_no_effects(subject)


def test_heavy_libraries_at_registration(installed, monkeypatch):
    with pytest.raises(CheckFailed, match=r"it imports numpy\n.*cure: import it in the module of the factory"):
        discovery_is_light(installed("import numpy"))


def test_heavy_libraries_in_a_hook(installed):
    with pytest.raises(CheckFailed, match="it imports numpy"):
        discovery_is_light(installed(inside="import numpy"))


def test_what_is_printed(installed):
    with pytest.raises(CheckFailed, match="it prints 'Hello from a plugin'"):
        discovery_is_light(installed("print('Hello from a plugin')"))


def test_registration_that_works_only_beside_others(installed):
    subject = installed("import sys\nif 'pytest' not in sys.modules: raise ImportError('lonely')")
    with pytest.raises(CheckFailed, match="ImportError: lonely"):
        discovery_is_light(subject)


def test_a_process_that_dies(installed):
    subject = installed("import os, sys\nif 'pytest' not in sys.modules: os._exit(7)")
    with pytest.raises(CheckFailed, match="the process ended with code 7"):
        discovery_is_light(subject)


CONNECT = "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), timeout=1)\nexcept OSError:\n    pass"
EFFECTS = {
    "connection": (CONNECT, r"socket\.\w+\(.*127\.0\.0\.1.*in {module} line"),
    "file": ("open('stray.txt', 'w').close()", r"open\('stray\.txt', 'w'\) in {module} line"),
    "path": (
        "import pathlib\ntry:\n    pathlib.Path('stray').mkdir()\nexcept OSError:\n    pass",
        r"os\.mkdir\('stray'.*in {module} line",
    ),
    "process": ("import subprocess\nsubprocess.run(['true'])", r"subprocess\.Popen\('true'.*in {module} line"),
}


@pytest.mark.parametrize("effect", EFFECTS)
def test_effects_of_a_factory_module(installed, effect, site):
    code, expected = EFFECTS[effect]
    subject = installed(parts=f"{code}\nclass Things: pass\n")
    discovery_is_light(subject)
    with pytest.raises(CheckFailed, match=expected.format(module=r"restore_probed\.parts")) as caught:
        import_has_no_effects(subject)
    assert "when the component is built or called" in caught.value.cure
    assert not list(site.folder.glob("stray*"))


def test_effects_of_registration(installed, tmp_path):
    fresh = "import sys\nif 'pytest' not in sys.modules:\n    "
    subject = installed(fresh + f"open({str(tmp_path / 'stray')!r}, 'w')")
    with pytest.raises(CheckFailed, match=r"stray', 'w'\) in restore_probed\.plugin line 4"):
        import_has_no_effects(subject)
    assert not (tmp_path / "stray").exists()


def test_a_library_that_the_plugin_imports_may_write(installed, site):
    """Libraries keep caches; only a call of the plugin's own makes their writing its affair."""
    (site.folder / "stray_library.py").write_text(
        "import tempfile\ntempfile.TemporaryFile().close()\n\ndef write():\n    tempfile.TemporaryFile().close()\n"
    )
    import_has_no_effects(installed(parts="import stray_library\nclass Things: pass\n"))
    subject = installed(parts="import stray_library\nstray_library.write()\nclass Things: pass\n")
    with pytest.raises(CheckFailed, match=r"restore_probed\.parts line 2"):
        import_has_no_effects(subject)


def test_a_library_may_look_whether_there_is_ipv6(installed, site):
    """As urllib3 does at import: it binds a socket and connects to nothing."""
    probing = "import socket\nwith socket.socket() as probe:\n    probe.bind(('127.0.0.1', 0))\n"
    (site.folder / "stray_sockets.py").write_text(probing)
    import_has_no_effects(installed(parts="import stray_sockets\nclass Things: pass\n"))
    with pytest.raises(CheckFailed, match=r"socket\.bind"):
        import_has_no_effects(installed(parts=f"{probing}class Things: pass\n"))


def test_a_library_that_connects_at_import_is_the_plugins_affair(installed, site):
    (site.folder / "stray_sockets.py").write_text(CONNECT)
    with pytest.raises(CheckFailed, match=r"socket\.\w+\(.*127\.0\.0\.1"):
        import_has_no_effects(installed(parts="import stray_sockets\nclass Things: pass\n"))


def test_reading_is_free(installed):
    import_has_no_effects(installed(parts="TEXT = open(__file__).read()\nclass Things: pass\n"))
