"""``python -m restore``: the command line, as torchrun starts it in each process of a training."""

from __future__ import annotations

from restore.cli import main

if __name__ == "__main__":
    main()
