# Two commands on a fresh machine: `make demo` and `make test`. Both make their own environment in .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= wenshu-home
PORT ?= 8000
WORKERS ?= 2
# pytest-xdist workers for make test
JOBS ?= 2

.PHONY: help demo test test-long lint lock check-env clean bench pictures

help:
	@echo "make demo       build the demo company and serve it on http://127.0.0.1:$(PORT)"
	@echo "make test       everything that must hold: linters, types, layers, tests, browser"
	@echo "make test-long  the long suites; results go to bench/results/"
	@echo "make bench      the measurements, ours beside a peer"
	@echo "make pictures   take the README's pictures anew"
	@echo "make lock       write the lock files anew"

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Wenshu needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.made requirements.lock requirements-installer.lock pyproject.toml
	@.ci/install requirements.lock
	@touch $@

$(VENV)/.dev: $(VENV)/.made requirements-dev.lock requirements-installer.lock pyproject.toml
	@.ci/install requirements-dev.lock
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime
	@$(BIN)/wenshu --home "$(HOME_DIR)" init --demo
	@exec $(BIN)/wenshu --home "$(HOME_DIR)" serve --port $(PORT) --workers $(WORKERS) --show-demo-accounts

pictures: $(VENV)/.dev
	@.ci/browser
	$(BIN)/python -m tests.browser.pictures

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(VENV)/.dev lint
	@.ci/browser
	@.ci/postgres
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not long"

test-long: $(VENV)/.dev
	@.ci/browser
	@.ci/postgres
	@.ci/spark
	@.ci/model
	$(BIN)/python -m pytest -m long

bench: $(VENV)/.dev
	$(BIN)/python -m bench

lock: $(VENV)/.made
	$(BIN)/python -m pip install -q --require-hashes -r requirements-installer.lock
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --python-version 3.11 requirements-installer.in -o requirements-installer.lock
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --python-version 3.11 pyproject.toml requirements-build.in -o requirements.lock
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --python-version 3.11 --extra dev -c requirements.lock pyproject.toml requirements-build.in -o requirements-dev.lock
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --python-version 3.11 -c requirements-dev.lock requirements-spark.in -o requirements-spark.lock
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --no-deps --python-version 3.11 requirements-model.in -o requirements-model.lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
