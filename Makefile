# restante: the commands of the house. `make setup` is implied by all others.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2
ARGS ?=
# A worker that died is not started again: what killed or hung it would do so once more.
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0
# Tests start hundreds of programs: each would compile every module again.
test test-slow: export PYTHONDONTWRITEBYTECODE =
# What cannot even be interrupted ends the run, after it was told where every thread stands.
ENDS := -o faulthandler_exit_on_timeout=true
UV ?= $(or $(abspath $(wildcard $(BIN)/uv)),uv)
COMPILE := compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
           --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow check check-deploy format bench bench-routing bench-siting bench-forecast bench-capacity docs docs-generate lock clean

help:
	@echo "make demo     a living network on this machine; prints the address of its start page"
	@echo "make test     every test: house, rules, journal, locker, pages in a real browser"
	@echo "make test-slow  the campaigns of many minutes: power cuts, kills, planted faults"
	@echo "make check    lint, format, types and the plan of the house"
	@echo "make check-deploy  chart, compose file, Containerfile and Caddyfile, read by their programs"
	@echo "make bench    operations per second, and how long people wait at a locker"
	@echo "make bench-routing  our routes beside those of other planners, at equal time"
	@echo "make bench-capacity  our simulation beside others, policies of admission beside the optimum"
	@echo "make bench-forecast  our forecasts beside those of other programs, on the same days"
	@echo "make bench-siting  our choice of sites beside that of other programs, with ratios"
	@echo "make docs     the documentation, into docs/_build/html"
	@echo "make setup    everything the above need: .venv, locked requirements, system packages"
	@echo "make format   let the formatter have its way"
	@echo "make docs-generate  write the generated reference pages again"
	@echo "make lock     resolve requirements/*.in again (needs uv)"

# Stamps: a requirement file that changed is installed again, nothing else is.

$(BIN)/python:
	$(PYTHON) tools/system_packages.py venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/stamp-runtime: requirements/runtime.txt pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --default-pip
	$(PIP) install --quiet --require-hashes -r requirements/runtime.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/stamp-dev: requirements/dev.txt $(VENV)/stamp-runtime
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# What searches for routes, sites and forecasts, so that a visitor finds them answered.
$(VENV)/stamp-demo: requirements/planning.txt requirements/insight.txt $(VENV)/stamp-runtime
	$(PIP) install --quiet --require-hashes -r requirements/planning.txt -r requirements/insight.txt
	@touch $@

# Other planners of routes clash with ours in one process, so they live beside it.
$(VENV)-peers/stamp: requirements/peers.txt
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r $<
	@touch $@

$(VENV)/stamp-system: tools/system_packages.py | $(BIN)/python
	$(BIN)/python tools/system_packages.py test
	@touch $@

setup: $(VENV)/stamp-dev $(VENV)/stamp-system

demo: $(VENV)/stamp-demo
	$(BIN)/restante demo $(ARGS)

# The browser's event loop lives in the thread of the tests, so it gets a run of its own.
test: setup
ifeq ($(ARGS),)
	$(PYTEST) $(ENDS) -m "not slow" --ignore tests/browser
	$(PYTEST) $(ENDS) -m "not slow" tests/browser
else
	$(PYTEST) $(ARGS)
endif

# -s: campaigns print their seeds and figures.
test-slow: setup
	$(BIN)/python -m pytest -m slow -s $(ARGS)

check: $(VENV)/stamp-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check-deploy: $(VENV)/stamp-dev
	$(BIN)/python -m tests.operating.check_deploy

format: $(VENV)/stamp-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/stamp-runtime
	$(BIN)/restante bench $(ARGS)
ifeq ($(ARGS),)
	$(BIN)/restante bench edge
endif

bench-siting: $(VENV)/stamp-dev $(VENV)-peers/stamp
	$(BIN)/restante bench siting $(ARGS)

bench-routing: $(VENV)/stamp-dev $(VENV)-peers/stamp
	$(BIN)/restante bench routing $(ARGS)

bench-capacity: $(VENV)/stamp-dev $(VENV)-peers/stamp
	$(BIN)/restante bench capacity $(ARGS)

bench-forecast: $(VENV)/stamp-dev $(VENV)-peers/stamp
	$(BIN)/restante bench forecast $(ARGS)

docs: $(VENV)/stamp-dev
	$(BIN)/python -m sphinx -E -n -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

docs-generate: $(VENV)/stamp-dev
	$(BIN)/python tools/generate_docs.py

# Run from inside requirements/ so that the locked files name no path.
lock:
	cd requirements && for name in runtime postgres telemetry archive insight planning cluster spark bench notebook peers dev edge deploy; do \
	  $(UV) pip $(COMPILE) $$name.in -o $$name.txt || exit 1; done

clean:
	rm -rf docs/_build build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
