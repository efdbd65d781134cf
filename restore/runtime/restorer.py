"""Restorer: a model ready for images of any kind and size, callable from threads, picklable."""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from restore import images, notices
from restore.contracts import Degradation, Model, Params
from restore.errors import DeviceError, PluginError, RestoreError, UsageError
from restore.images import Photo
from restore.plugin import ModelSpec
from restore.runtime import batches
from restore.runtime.alpha import bare, is_alpha, opened
from restore.runtime.declaring import declared_by
from restore.runtime.fitting import check_mask, check_size, keeps_known, rows_of
from restore.runtime.forward import Forward, Tally, prepare
from restore.runtime.knowledge import Knowledge, knowledge
from restore.runtime.outcome import Outcome, Report
from restore.runtime.planning import Planner, TileSize
from restore.runtime.seeding import seeded
from restore.runtime.stitching import Progress, Strip, restore_tiles

__all__ = ["Restorer", "TileSize"]


class Restorer:
    """A model on a device. ``restore.load`` makes it.

    Calls share nothing but the weights, so threads may share a Restorer. The pickle of one that ``load`` made
    holds names and options, no weights: whoever unpickles it needs the same plugins and weights installed.
    """

    def __init__(
        self,
        module: Model,
        spec: ModelSpec,
        *,
        device: torch.device,
        precision: str,
        tile: TileSize = "auto",
        origin: Callable[[], Restorer] | None = None,
        weights: str | None = None,
        knowledge: Knowledge | None = None,
    ) -> None:
        """Prepare a module, in place.

        Args:
            module: the model.
            spec: what it declares of itself; it may answer with what holds since it was built.
            device: where it is put.
            precision: ``float32``, ``bfloat16`` or ``float16``.
            tile: ``auto``, ``off``, or the side of a tile in input pixels.
            origin: makes it again when a pickle is read; else the pickle holds the module.
            weights: what the module was filled with, for reports.
            knowledge: what it is told of its images' degradation; ``knowing`` makes it.

        Raises:
            UsageError: a tile that is no size, or one for a model that cannot be given tiles.
            PluginError: the model takes neither gray nor colour images, or declares what makes no sense.
        """
        spec = declared_by(module, spec, knowledge)
        if not {1, 3} & set(spec.channels):
            raise PluginError(f"{spec.name} takes images of {spec.channels} channels, neither gray (1) nor colour (3)")
        prepare(module, device)
        self.module = module
        """The plain module: a torch pipeline can call it with ``(B, C, H, W)`` in [0, 1]."""
        self.spec = spec
        """What holds of this module."""
        self.device = device
        self.precision = precision
        self.tile: TileSize = tile
        self.weights = weights
        """``srresnet.psnr-x4``, or the path of a file; None for a model that needs none."""
        self.scale = spec.scale or 1
        """Output side over input side."""
        self.receptive_field = spec.receptive_field
        """Side, in input pixels, of what one output pixel depends on; None if it is not known."""
        self._forward = Forward(module, spec.name, self.scale, device, precision, knowledge)
        self._planner = Planner(self._forward, spec, tile)
        self._origin = origin

    def __repr__(self) -> str:
        return f"<Restorer {self.spec.name} x{self.scale} on {self.device} in {self.precision}>"

    def __reduce__(self) -> Any:
        if self._origin is not None:
            return self._origin, ()
        made = functools.partial(
            Restorer, device=self.device, precision=self.precision, tile=self.tile, weights=self.weights,
            knowledge=self._forward.knowledge,
        )  # fmt: skip
        return made, (self.module, self.spec)

    def knowing(self, degradation: Degradation, params: Params) -> Restorer:
        """Return this model, told what was done to the images that it will be given: non-blind restoration.

        It shares the module. Images go through it whole, as the degradation and its params are of whole images. The
        noise that was drawn is no part of what the model is told.

        Args:
            degradation: ``A``.
            params: what ``A`` drew for one image; all images are told the same.

        Raises:
            UsageError: a model that makes no use of it, or params of several images.
            PluginError: a degradation that does not say which of its params tell the noise.
        """
        if not self.spec.non_blind:
            raise UsageError(
                f"{self.spec.name} makes no use of what is known of a degradation", "restore its images as they are"
            )
        return Restorer(
            self.module, self.spec, device=self.device, precision=self.precision, weights=self.weights,
            knowledge=knowledge(degradation, params, self.device),
            origin=None if self._origin is None else functools.partial(_told, self._origin, degradation, params),
        )  # fmt: skip

    def __call__(self, image: Any, *, mask: Any = None, seed: int | None = None, max_pixels: int | None = None) -> Any:
        """Restore an image and return it as the kind that was given.

        Args:
            image: path, bytes, PIL image, numpy array (H, W) or (H, W, C), torch tensor (C, H, W) or
                (B, C, H, W).
            mask: what is missing (white, true or 1), in any of these kinds, or ``"alpha"``: the transparent
                pixels, which become opaque. A model that fills holes returns all else bit for bit.
            seed: of the model's random draws.
            max_pixels: files that claim to be larger are refused.

        Returns:
            The same kind, dtype, layout and device; a path gives a Photo: ``save``, ``numpy``, ``pil``.

        Raises:
            InputError: an image or a mask that cannot be used.
            UsageError: a mask for a model that changes the size, or none for one that fills holes.
            DeviceError: memory does not suffice.
            PluginError: the model made something else than it declares.

        Warns:
            RestoreWarning: a result that should be looked at twice.
        """
        photo = images.load(image, max_pixels=max_pixels or images.DEFAULT_MAX_PIXELS)
        [(restored, report)] = self._restore([photo], [mask], seed=seed)
        for text in report.warnings:
            warnings.warn(text, notices.RestoreWarning, stacklevel=2)
        return images.export(restored)

    def restore(
        self,
        image: Any,
        *,
        mask: Any = None,
        seed: int | None = None,
        max_pixels: int | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Restore an image and tell how it went; a RestoreError is returned in the outcome.

        Args:
            image: as for a call.
            mask: likewise.
            seed: likewise.
            max_pixels: likewise.
            progress: called with (done, total), in tiles; the total grows when memory makes tiles smaller.
        """
        try:
            photo = images.load(image, max_pixels=max_pixels or images.DEFAULT_MAX_PIXELS)
            [(restored, report)] = self._restore([photo], [mask], seed=seed, progress=progress)
        except RestoreError as error:
            return Outcome(source=image, error=error)
        return Outcome(source=image, photo=restored, report=report)

    def map(
        self,
        sources: Iterable[Any],
        *,
        masks: Iterable[Any] | None = None,
        batch_size: int = 1,
        seed: int | None = None,
        max_pixels: int | None = None,
        progress: bool = False,
    ) -> Iterator[Outcome]:
        """Restore images one after the other; an image that fails costs only itself.

        Args:
            sources: images as for a call, read when they are needed.
            masks: one for each image.
            batch_size: images of one shape, among so many in a row, go through the model together; with a
                seed they go alone, so that each draws what it would draw in a call.
            seed: of each image's random draws.
            max_pixels: as for a call.
            progress: show a bar on a terminal.

        Yields:
            An Outcome for each image, in order.

        Raises:
            UsageError: a batch size below 1, or fewer masks than images.
        """
        if batch_size < 1:
            raise UsageError(f"the batch size is {batch_size}", "give a whole number from 1 on")
        return batches.run(
            functools.partial(self._restore, seed=seed),
            sources,
            masks,
            batch_size=batch_size if seed is None else 1,
            max_pixels=max_pixels or images.DEFAULT_MAX_PIXELS,
            progress=progress,
        )

    @torch.inference_mode(False)  # where the caller is in it, a model could not search with gradients
    def _restore(
        self,
        photos: Sequence[Photo],
        masks: Sequence[Any],
        *,
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> list[tuple[Photo, Report]]:
        """Restore photos of one shape together; either all or none of them have a mask."""
        start = time.perf_counter()
        check_size(photos[0], self.spec)
        said = [self._read(photo, mask) for photo, mask in zip(photos, masks, strict=True)]
        holes = [None if mask is None else mask.missing > 0 for mask in said]
        tally = Tally()
        told: list[notices.Notice] = []
        if keeps_known(self.spec) and all(hole is not None and not hole.any() for hole in holes):
            restored = [replace(photo, pixels=photo.pixels.copy()) for photo in photos]
        else:
            shown = [bare(p) if is_alpha(m) else p for p, m in zip(photos, masks, strict=True)]
            strip = Strip(shown, holes, self.spec, self.scale)
            try:
                grid = self._planner.grid(strip)
                with seeded(seed, self.device), notices.listening() as told:
                    restored = restore_tiles(self._forward, strip, grid, tally, progress)
            except MemoryError as error:
                raise DeviceError(
                    f"memory does not suffice for the result of {photos[0].name}", "a smaller image"
                ) from error
        seconds = (time.perf_counter() - start) / len(photos)
        doubted = [[mask.doubt] if mask is not None and mask.doubt else [] for mask in said]
        return [
            (
                opened(made, photo, hole) if hole is not None and is_alpha(mask) else made,
                self._report(
                    seconds, tally, hole, [*doubts, *(notice.text for notice in told if notice.concerns(rows))]
                ),
            )
            for photo, mask, hole, doubts, made, rows in zip(
                photos, masks, holes, doubted, restored, rows_of(photos, self.spec.channels), strict=True
            )
        ]

    def _read(self, photo: Photo, mask: Any) -> images.Mask | None:
        """Return what a mask says of a photo, or None without one."""
        check_mask(mask is not None, self.spec, photo.name)
        return None if mask is None else images.read_mask(mask, photo)

    def _report(self, seconds: float, tally: Tally, hole: Tensor | None, told: Sequence[str]) -> Report:
        cut = tally.tiles > 1
        return Report(
            seconds=seconds,
            device=str(self.device),
            precision=self.precision,
            weights=self.weights,
            tiling="off" if not cut else "exact" if self.spec.tiling == "exact" else "approximate",
            tiles=tally.tiles,
            halo=self._planner.halo if cut else 0,
            redone_in_float32=tally.redone_in_float32,
            out_of_memory=tally.out_of_memory,
            missing_share=None if hole is None else float(hole.float().mean()),
            warnings=tuple(dict.fromkeys(told)),
        )


def _told(origin: Callable[[], Restorer], degradation: Degradation, params: Params) -> Restorer:
    return origin().knowing(degradation, params)
