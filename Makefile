# make lab, make check and make test need Python 3.11 or newer, make and git; they set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install -qq -c constraints.txt
# Twice as many as there are cores: tests mostly wait.
WORKERS := $(shell echo $$((2 * $$(nproc 2>/dev/null || echo 2))))

.PHONY: help lab check test unit lint soak bench provide clean
.DEFAULT_GOAL := help

help: ## say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

lab: .venv/notebook ## open JupyterLab on the first notebook
	$(BIN)/jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) \
	    --LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb

check: .venv/notebook ## a full check against the simulator, printed here
	@$(BIN)/sestools check eu-west-1 --simulate

test: .venv/test provide lint ## everything: style, types, notebooks, tests, browser
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --nbval --nbval-current-env --nbval-cell-timeout 60 \
	    --nbval-sanitize-with notebooks/nbval.cfg notebooks
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

unit: .venv/test provide ## the quick tests: no browser, notebooks, Binder or kernel networks
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup \
	    --ignore tests/browser --ignore tests/notebooks --ignore tests/network --ignore tests/project/test_binder.py

lint: .venv/test ## style, types, and what imports what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir .cache/imports

soak: .venv/test provide ## half an hour of failing checks, lost mail and nonsense: nothing may leak or be lost
	$(BIN)/python benchmarks/soak.py
	$(BIN)/python benchmarks/lifetimes.py
	$(BIN)/python tests/sending/test_send_stopped.py
	$(BIN)/python tests/project/mutations.py
	$(BIN)/python tests/network/cases.py
	SESTOOLS_BINDER=whole $(BIN)/python -m pytest -q tests/project/test_binder.py
	SESTOOLS_WALK=500 $(BIN)/python -m pytest -q tests/widgets/test_panel_walk.py -k random_walk

bench: .venv/test provide ## how fast it is, as ratios with their bounds
	$(BIN)/python benchmarks/run.py

provide:
	@tests/provide.sh

clean: ## remove what was set up and cached
	rm -rf .venv .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "sestools needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1 || echo missing)." \
	        "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; \
	    exit 1; }
	@echo "setting up .venv"
	@$(PYTHON) -m venv .venv

.venv/notebook: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing sestools with its notebook extra (a minute)"
	@$(PIP_INSTALL) -e '.[notebook]'
	@touch $@

.venv/test: .venv/notebook
	@echo "installing what the tests need (a minute)"
	@$(PIP_INSTALL) -e '.[test]'
	@touch $@
