"""Running a model on images: device, precision, tiles, memory, batches."""

from restore.runtime.loading import load
from restore.runtime.outcome import Outcome, Report
from restore.runtime.restorer import Restorer

__all__ = ["Outcome", "Report", "Restorer", "load"]
