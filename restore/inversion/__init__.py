"""Latent inversion: ``z* = argmin fit(A(G(z)), y) + terms`` makes a restorer of any prior and any degradation."""

from restore.inversion.engine import invert
from restore.inversion.result import Inversion
from restore.inversion.settings import Domain, Optimizer, Schedule, Settings
from restore.inversion.starts import Start, encoder_view

__all__ = ["Domain", "Inversion", "Optimizer", "Schedule", "Settings", "Start", "encoder_view", "invert"]
