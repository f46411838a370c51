# make book       set up, build and serve the book; prints its address (PORT=8000 unless told otherwise)
# make html       build only, to _build/html (EXECUTE=1 runs the notebooks, with PyTorch,
#                 instead of showing their stored outputs)
# make check      style, types, unit tests, data and the figures of the prose: what to run while working
# make test       set up and check everything
# make jupyter    open the notebooks in JupyterLab
# make notebooks  re-execute and normalise the notebooks; an unchanged one keeps every byte
# make bench-page measure the built pages in Chromium
# make lighthouse print Lighthouse's scores of every page, as on a phone (PAGES="..." for some of them)
# make shots      pictures of every page, two themes, two widths, and as printed, in _build/shots
# make lab        re-record the experiments on this machine;  make bench-lab measures the lab's code
# make sweep      the longest of these experiments alone (an hour on two cores); a stopped one goes on
# make site       write what is published (book, wheel, notebooks for Colab) to _build/site; make publish pushes it
# make pdf        the whole book as one PDF, in _build; make epub: as an EPUB, in _build/html
# make test-colab run the published notebooks with Colab's versions (clean environments; half an hour)
# make lock       pin what is installed anew, with sums (UPGRADE=1: to the newest versions)
# make clean      remove everything these commands made

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.PHONY: book html assets check test lint notebooks jupyter bench-page lighthouse shots lab sweep bench-lab pdf epub site publish test-chapters test-colab lock clean force

PORT ?= 8000
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(SUITABLE)' 2>/dev/null && echo $$p && break; done)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Whatever is installed is one of the files whose sums are in requirements/; our own package fetches nothing.
LOCKED := python -m pip install -qq --require-hashes --requirement
OURS := python -m pip install -qq --no-deps --no-build-isolation --editable .
SOURCES := $(shell find _config.yml _toc.yml book notebooks data smallmodels tools package-lock.json \
	-type f -not -path '*/node_modules/*' -not -path '*/__pycache__/*' -not -path '*/.ipynb_checkpoints/*' 2>/dev/null)

book: html
	@python tools/serve.py --port $(PORT)

html: _build/html/.built

_build/html/.built: $(SOURCES) .venv/.book node_modules/.ready $(if $(EXECUTE),.venv/.notebooks force) | assets
	@echo "Building the book ..."
	@mkdir -p _build
	@python tools/inputs.py
	@jupyter-book build . --all --path-output . -n -W --keep-going > _build/build.log 2>&1 || { \
		sed 's/\x1b\[[0-9;]*m//g' _build/build.log | grep -E 'WARNING|ERROR|rror:' | head -20; \
		echo "The book did not build; the whole log is in _build/build.log." >&2; exit 1; }
	@touch $@

assets: .venv/.book node_modules/.ready
	@node tools/assets.mjs

# Tests that need a browser, PyTorch or Pyodide; each runs in as many processes as there are cores.
SLOW := tests/book tests/jupyter tests/lab tests/pyodide
PARALLEL := --numprocesses auto --dist worksteal

check: .venv/.test lint
	@python tools/prose.py
	@pytest $(PARALLEL) --doctest-modules $(SLOW:%=--ignore=%) --ignore=smallmodels/lab

test: .venv/.test node_modules/.checks lint html
	@echo "Testing the code and the data ..."
	@pytest $(PARALLEL) --doctest-modules --ignore=tests/book --ignore=tests/jupyter
	@echo "Re-executing the notebooks and comparing their outputs ..."
	@pytest -c tests/nbval.ini --nbval notebooks --numprocesses auto --dist loadfile
	@python tools/notebooks.py --check --no-execute
	@echo "Testing the notebooks in JupyterLab and the built book in Chromium ..."
	@pytest $(PARALLEL) tests/jupyter tests/book

# What runs in readers' browsers, tested alone: no PyTorch, no book, any Python from 3.11 on. A room is a
# folder with tables.py; its tests have a folder of its name.
ROOMS := $(patsubst smallmodels/%/tables.py,%,$(wildcard smallmodels/*/tables.py))
test-chapters: .venv/.chapters
	@pytest --doctest-modules $(ROOMS:%=smallmodels/%) $(wildcard $(ROOMS:%=tests/%)) tests/test_facts.py tests/test_table.py

# The published notebooks with Colab's versions, each in an empty folder: slow, so no part of `make test`.
test-colab: site
	@python tools/colab.py

lint: .venv/.test node_modules/.checks
	@echo "Checking style and types ..."
	@ruff check --quiet .
	@ruff format --check --quiet . || { echo "Some files are not formatted; run 'ruff format'." >&2; exit 1; }
	@mypy --no-error-summary
	@node_modules/.bin/tsc --project jsconfig.json
	@node tools/check_js.mjs

notebooks: .venv/.test assets
	@python tools/notebooks.py

jupyter: .venv/.jupyter assets
	@jupyter lab notebooks

bench-page: .venv/.test html
	@python tools/bench_page.py

lighthouse: .venv/.test html tools/lighthouse/node_modules/.ready
	@python tools/lighthouse.py $(PAGES)

tools/lighthouse/node_modules/.ready: tools/lighthouse/package-lock.json | .venv/.node
	@cd tools/lighthouse && npm ci --silent --no-audit --no-fund
	@touch $@

shots: .venv/.test html
	@python tools/shots.py

lab: .venv/.test
	@python -m smallmodels.lab.record
	@$(MAKE) sweep

sweep: .venv/.test
	@python -m smallmodels.lab.sweep --anew
	@python -m smallmodels.lab.bootstrap
	@python -m smallmodels.lab.bootstrap_runs

bench-lab: .venv/.test
	@python tools/bench_lab.py

pdf: .venv/.test html
	@python tools/pdf.py

# Written with the pages, beside them.
epub: html
	@echo "_build/html/smallmodels.epub"

site: .venv/.test html
	@python tools/publish.py

publish: .venv/.test html
	@python tools/publish.py --push

lock: .venv/.made
	@python -m pip install -qq uv==0.13.9
	@python tools/lock.py $(if $(UPGRADE),--upgrade)

clean:
	@rm -rf _build .venv node_modules tools/lighthouse/node_modules dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@echo "Removed what the other commands had made."

# What follows is set-up: each step runs when what it depends on has changed, and leaves a mark in the folder it made.

.venv/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (set PYTHON to its path)." >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.book: pyproject.toml requirements/book.txt | .venv/.made
	@echo "Installing what the book needs ..."
	@$(LOCKED) requirements/book.txt && $(OURS)
	@touch $@

.venv/.chapters: pyproject.toml requirements/test.txt | .venv/.made
	@echo "Installing what the tests need ..."
	@$(LOCKED) requirements/test.txt && $(OURS)
	@touch $@

# PyTorch is another file wherever it comes from, and is pinned without sums (tools/lock.py).
.venv/.test: .venv/.book requirements/test.txt requirements/torch.txt
	@echo "Installing what the tests and the lab need (PyTorch among it) ..."
	@$(LOCKED) requirements/test.txt
	@python -m pip install -qq --constraint requirements/torch.txt torch
	@touch $@

.venv/.jupyter: .venv/.book requirements/jupyter.txt
	@echo "Installing JupyterLab ..."
	@$(LOCKED) requirements/jupyter.txt
	@touch $@

# What running every notebook takes.
.venv/.notebooks: .venv/.test
	@touch $@

# Node from the machine when it is recent enough, else from PyPI.
.venv/.node: | .venv/.book
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || { \
		echo "Installing Node from PyPI ..."; $(LOCKED) requirements/node.txt; }
	@touch $@

node_modules/.ready: package.json package-lock.json | .venv/.node
	@echo "Installing what the pages need ..."
	@npm ci --omit=dev --silent --no-audit --no-fund
	@touch $@

node_modules/.checks: package.json package-lock.json | .venv/.node
	@echo "Installing what the pages need, and what checks them ..."
	@npm ci --silent --no-audit --no-fund
	@touch node_modules/.ready $@

force:
