# make demo · make test · make lint · make bench; each makes .venv first and installs into it.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-all lint reference bench clean

demo: .venv/installed
	$(BIN)/restore demo

test: .venv/installed-for-tests lint
	$(BIN)/python -m pytest -m "not slow"

test-all: .venv/installed-for-tests
	$(BIN)/python -m pytest

lint: .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

reference: .venv/installed-for-tests
	$(BIN)/python docs/write_reference.py

DATA ?= ../shared/data/sr/test

bench: .venv/installed-for-bench
	$(BIN)/python benchmarks/publish.py --data $(DATA)
	$(BIN)/python benchmarks/checkerboard.py --data $(DATA)/set5 srresnet
	$(BIN)/python benchmarks/speed/startup.py
	$(BIN)/python benchmarks/speed/restoring.py --data $(DATA)
	$(BIN)/python benchmarks/speed/training.py
	$(BIN)/python benchmarks/speed/cogan.py
	$(BIN)/python benchmarks/speed/memory.py
	$(BIN)/python benchmarks/speed/gpu.py --data $(DATA)
	$(BIN)/python benchmarks/speed/metrics.py --data $(DATA)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable .
	@touch $@

.venv/installed-for-tests: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[test,lint]'
	@touch $@ .venv/installed

.venv/installed-for-bench: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[bench]'
	@touch $@ .venv/installed

clean:
	rm -rf .venv build dist
