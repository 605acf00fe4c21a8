# make demo    the quickstart notebook in JupyterLab
# make check   the fast inner loop: lint, types, contracts, fast tests
# make test    everything, as the checks run it
# make format  rewrite the sources in the project's format
# make dist    wheel and sdist in dist/
#
# Needs Python 3.10 or newer, Node 20 or newer and make; the rest is installed into .venv and js/node_modules.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BUNDLE := nbviz/static/nbviz.js
# npm rewrites this file with every installation.
NODE_MODULES := js/node_modules/.package-lock.json
FRONTEND_SOURCES := $(shell find js/src -type f) $(wildcard js/*.json js/*.mjs) nbviz/colormaps.json

# Options of `make demo` and `make test`: LAB_ARGS="--port 9999", PYTEST_ARGS="-k click".
LAB_ARGS ?=
PYTEST_ARGS ?=
# Two files of tests at a time, on a core each: those in the browser mostly wait. PYTEST_ARGS="-n 0" runs one by one.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
# JupyterLab refuses root unless told; without a display it prints the notebook's address instead of opening it.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
HAS_DISPLAY := $(filter Darwin,$(shell uname))$(DISPLAY)$(WAYLAND_DISPLAY)
NO_DISPLAY := $(if $(HAS_DISPLAY),,--no-browser)

.PHONY: help install frontend demo check test lint types contracts frontend-test browser format dist clean
# What needs nothing of each other, two at a time; what one says comes in one piece.
TOGETHER = $(MAKE) --no-print-directory --jobs=2 --output-sync=target

help:
	@sed -n 's/^# \(make \)/\1/p' Makefile

install: $(INSTALLED) $(BUNDLE)

frontend: $(BUNDLE)

demo: install
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks/quickstart.ipynb $(AS_ROOT) $(NO_DISPLAY) $(LAB_ARGS)

check: install
	$(TOGETHER) types lint contracts
	$(PYTEST) -q -m "not browser and not slow" $(PYTEST_ARGS)

# The closing line of pytest comes last.
test: install
	$(TOGETHER) frontend-test types browser lint contracts
	$(PYTEST) $(PYTEST_ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

contracts: $(INSTALLED)
	$(BIN)/lint-imports

frontend-test: $(NODE_MODULES)
	cd js && npm run --silent lint && npm run --silent typecheck && npm test --silent

browser: $(INSTALLED)
	$(BIN)/python -m tools.browser

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd js && npm run --silent format

dist: $(INSTALLED) $(BUNDLE)
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) js/node_modules nbviz/static dist .artifacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "nbviz needs Python 3.10 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# The module is built first, so that the editable installation finds it and has no need of npm. The build back-end is
# the pinned one: it is installed beside the rest instead of being downloaded into an isolated environment.
$(INSTALLED): pyproject.toml constraints.txt hatch_build.py | $(BIN)/python $(BUNDLE)
	$(BIN)/python -m pip install --quiet -c constraints.txt hatchling
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e ".[dev]"
	@touch $@

$(NODE_MODULES): js/package.json js/package-lock.json
	@command -v npm >/dev/null && node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' || \
		{ echo "nbviz needs Node 20 or newer to build the page's module." >&2; exit 1; }
	cd js && npm ci --no-audit --no-fund
	@touch $@

$(BUNDLE): $(NODE_MODULES) $(FRONTEND_SOURCES)
	cd js && npm run --silent build
	@touch $@
