# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := setup.cfg pyproject.toml requirements.lock $(shell find api models channels link scenarios -type f -not -path '*/__pycache__/*')

.PHONY: run test test-slow lint release docs pages tutorials bench scaling heaviest cluster solvers channels defences street clean

run: .venv/installed
	$(BIN)/diffsem run mnist-quick --out results/mnist-quick.h5
	$(BIN)/diffsem plot results/mnist-quick.h5
	$(BIN)/diffsem report results/mnist-quick.h5

# Two files of tests at a time: many of them wait for a process of one thread to start. In order, not those of many
# tests first: few tests, such as those of crashes, can take longest, and would keep one process waiting at the end.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# `make test MARK='slow or not slow'` runs all of them, in one go.
MARK ?= not slow
test: .venv/installed-dev
	$(PYTEST) -m '$(MARK)'

test-slow: .venv/installed-dev
	$(PYTEST) -m slow

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy -p diffsem

# Sdist and wheel in dist/, tried in an empty environment.
release: .venv/installed-dev
	bash .ci/release

# The site, from docs/, the docstrings and the program itself; no network. Open docs/_build/html/index.html.
docs: .venv/installed-dev
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python docs/generate.py
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m sphinx -b html -n -W --keep-going docs docs/_build/html

# What the notebooks show, made anew: some four minutes on two cores.
tutorials: .venv/installed-dev
	$(BIN)/jupyter execute --inplace notebooks/*.ipynb

# What docs/results/speed.md shows, measured on this machine: some quarter of an hour on two idle cores. One part of it:
# `make bench ONLY=classifier,ldpc`. It fails where a ratio is less than it has to be.
bench: .venv/installed-dev
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python tests/benchmarks/engine.py $(if $(ONLY),--only $(ONLY))

# Time against points, images, systems, SNRs of an eavesdropper and places of a street, then the course of a long sweep;
# of one of them: `make scaling ONLY=points`.
LONG_SWEEP ?= 5000
scaling: .venv/installed-dev
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python tests/benchmarks/scaling.py $(if $(ONLY),--only $(ONLY))
	$(if $(ONLY),,TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python tests/benchmarks/scaling.py --long $(LONG_SWEEP))

# The largest files, now and in the history.
heaviest:
	bash .ci/heaviest

# What workers cost on this machine, for `--workers auto`, and a large sweep on 1 to 16 of them. On an idle machine.
cluster: .venv/installed-dev
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python tests/benchmarks/cluster.py --measure

# docs/results from docs/templates and the tables that ship, with their figures.
pages: .venv/installed-dev
	$(BIN)/python docs/render.py --figures

# Accuracy against denoiser calls: about an hour on two cores. Tables that are there already are not simulated again.
SOLVER_RUNS := ddim-1 ddim-2 ddim-3 ddim-5 ddim-10 dpm-solver++-3 dpm-solver++-5 distilled-3
LONG_RUNS := dpm-solver++-10 ddim-25 ddim-50
SOLVE = $(BIN)/diffsem run mnist-solvers --out results/solvers/$$run.h5 \
  --set denoising.solver=$${run%-*} --set denoising.steps=$${run\#\#*-}

solvers: .venv/installed
	for run in $(SOLVER_RUNS); do $(SOLVE) || exit 1; done
	for run in $(LONG_RUNS); do $(SOLVE) --set legitimate.receivers=[e-diffsem] || exit 1; done
	$(BIN)/diffsem plot $(SOLVER_RUNS:%=results/solvers/%.h5) $(LONG_RUNS:%=results/solvers/%.h5)

# Every channel of the README: about an hour on two cores. Tables that are there already are not simulated again.
channels: .venv/installed
	bash notebooks/channels.sh $(BIN)/diffsem results/channels

# Every defence of the README: about an hour on two cores. Tables that are there already are not simulated again.
defences: .venv/installed
	bash notebooks/defences.sh $(BIN)/diffsem results/defences

# The street that ships, traced anew (some 700 MB of Sionna RT, once), and the sweep over its places.
STREET := scenarios/streets/shipped/street-canyon.channels.h5
street: .venv/installed
	$(BIN)/diffsem trace street-canyon --out $(STREET) --overwrite
	$(BIN)/diffsem run street-canyon --set legitimate.channel.file=$(STREET) \
	  --set eavesdropper.channel.file=$(STREET) --out results/street-canyon.h5
	$(BIN)/diffsem plot results/street-canyon.h5

clean:
	rm -rf .venv build dist results *.egg-info

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
