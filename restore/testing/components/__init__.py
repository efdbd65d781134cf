"""Checks of components of every kind."""

from __future__ import annotations

from restore.testing.check import Check

CHECKS: tuple[Check, ...] = ()
