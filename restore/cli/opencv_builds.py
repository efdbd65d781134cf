"""The builds of OpenCV that are installed: several distributions that all own the package ``cv2``."""

from __future__ import annotations

import importlib
import importlib.util
from importlib.metadata import distributions

from restore.discovery import normalized

NAMES = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""Those that are published officially; the first is what the toolkit asks for."""


def installed() -> list[str]:
    """Return the distributions that own ``cv2``, by name or by their record of files, sorted."""
    found = set()
    for distribution in distributions():
        try:
            name = normalized(distribution.metadata["Name"] or "")
            if name in NAMES or "\ncv2/__init__.py," in f"\n{distribution.read_text('RECORD') or ''}":
                found.add(name)
        except Exception:  # noqa: BLE001 - whatever a damaged distribution raises; it is none of ours
            continue
    return sorted(found, key=lambda name: (NAMES.index(name) if name in NAMES else len(NAMES), name))


def trouble(build: str) -> tuple[str, str]:
    """Return why ``cv2`` of an installed build cannot be imported, and the cure; two empty texts if it can."""
    if importlib.util.find_spec("cv2") is None:
        return (
            f"{build} is installed, and its files are gone; uninstalling another build takes them along",
            f"pip install --force-reinstall --no-deps {build}",
        )
    try:
        importlib.import_module("cv2")
    except Exception as error:  # noqa: BLE001 - a broken installation raises what it likes
        reason = (str(error).splitlines() or [""])[0]
        if ".so" in reason and "headless" not in build:
            headless = f"{build}-headless"
            cure = f"install what holds that library, or pip uninstall {build}, then pip install {headless}"
        else:
            cure = f"pip install --force-reinstall {build}"
        return f"cv2 cannot be imported: {reason}", cure
    return "", ""
