"""Images as people have them - files, bytes, PIL, numpy, torch - and as models see them, and the way back."""

from restore.images.encode import WRITABLE
from restore.images.export import export
from restore.images.load import DEFAULT_MAX_PIXELS, load
from restore.images.mask import Mask, load_mask, read_mask
from restore.images.photo import Form, Metadata, Photo
from restore.images.regions import Canvas, Source
from restore.images.save import save

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "WRITABLE",
    "Canvas",
    "Form",
    "Mask",
    "Metadata",
    "Photo",
    "Source",
    "export",
    "load",
    "load_mask",
    "read_mask",
    "save",
]
