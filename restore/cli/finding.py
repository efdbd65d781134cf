"""A finding of ``restore doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "note", "problem"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding. A ``note`` is worth knowing, a ``problem`` keeps something from working."""

    subject: str
    verdict: Verdict = "ok"
    finding: str
    cure: str = ""
