"""Numbers that a recipe is given: within their ranges, or refused by the name of the option."""

from __future__ import annotations

import math

from restore.errors import UsageError


def check_number(
    option: str,
    value: float,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    otherwise: str = "",
) -> None:
    """Refuse a number that is not finite or out of its range.

    Args:
        option: its name, as ``--set`` takes it.
        value: what was given.
        least: smallest that makes sense.
        above: it is larger than that.
        below: it is smaller than that.
        otherwise: what to write instead, beside a number of the range.

    Raises:
        UsageError: names the option, the value and the range.
    """
    bounds = (("at least", least), ("above", above), ("below", below))
    told = " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
    fits = (
        math.isfinite(value)
        and (least is None or value >= least)
        and (above is None or value > above)
        and (below is None or value < below)
    )
    if not fits:
        raise UsageError(
            f"{option}={value} makes no sense", f"{option} is {told}, and finite{f'; {otherwise}' if otherwise else ''}"
        )
