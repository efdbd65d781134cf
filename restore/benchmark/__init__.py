"""Measuring: named protocols, and scores that equal the literature's."""

from restore.benchmark.evaluation import evaluate
from restore.benchmark.metrics import psnr, ssim
from restore.benchmark.protocol import PROTOCOLS, Protocol, find_protocol

__all__ = ["PROTOCOLS", "Protocol", "evaluate", "find_protocol", "psnr", "ssim"]
