"""Checks of priors."""

from __future__ import annotations

from restore.testing.check import Check

CHECKS: tuple[Check, ...] = ()
