# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := setup.cfg pyproject.toml requirements.lock $(shell find models channels link scenarios -type f -not -path '*/__pycache__/*')

.PHONY: run test test-slow lint notebooks clean

run: .venv/installed
	$(BIN)/diffsem run mnist-quick --out results/mnist-quick.h5
	$(BIN)/diffsem plot results/mnist-quick.h5

test: .venv/installed-dev
	$(BIN)/python -m pytest

test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -m slow

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy -p diffsem.models -p diffsem.channels -p diffsem.link -p diffsem.scenarios

clean:
	rm -rf .venv build results *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip

# A stale build folder would install modules that are gone from the sources.
.venv/installed: .venv/bin/python $(SOURCES)
	rm -rf build
	$(BIN)/pip install --quiet --constraint requirements.lock .
	touch $@

.venv/installed-dev: .venv/bin/python $(SOURCES)
	rm -rf build
	$(BIN)/pip install --quiet --constraint requirements.lock '.[dev]'
	touch $@ .venv/installed
