# The two commands: `make demo` and `make test`. Both set up their own environment in .venv first.
# Choose another interpreter with PYTHON=…, the number of test processes with JOBS=….

VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
WARM  := .cache/.warm
JOBS  ?= 2

# The build of torch that the project is developed with; installed before all else, so that nothing pulls another.
TORCH := torch==2.13.0
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

BENCHMARKS := $(patsubst benchmarks/%,bench-%,$(patsubst %/run.py,%,$(patsubst %/build.py,%, \
  $(wildcard benchmarks/*/run.py benchmarks/*/build.py))))

# Compiled kernels are kept inside the checkout.
export NUMBA_CACHE_DIR := $(CURDIR)/.cache/numba

.PHONY: help demo tour test test-all lint format types contracts docs bench bench-docs clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo       set up, run the main job on real data, show its preview (ARGS=--no-serve: no preview)'
	@echo 'make test       set up, then run the tests'
	@echo 'make test-all   the same, with the slow tests and those that need a PostgreSQL server'
	@echo 'make tour       examples/tour.py, the whole way in one script'
	@echo 'make lint       ruff: rules and format'
	@echo 'make format     let ruff mend what it can'
	@echo 'make types      mypy, strict'
	@echo 'make contracts  imports only go down'
	@echo 'make docs       run every code block of README.md and docs/'
	@echo 'make bench CASE=NAME  a case beside its peers; make bench-docs renders docs/benchmarks.md'
	@echo 'make bench-NAME a benchmark of one part: $(BENCHMARKS)'
	@echo 'make clean      remove the environment, caches and runs'

demo: $(WARM)
	$(BIN)/edgewise demo $(ARGS)

tour: $(READY)
	$(BIN)/python examples/tour.py

test: $(READY_DEV)
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

test-all: $(READY_DEV)
	$(BIN)/python -m pytest -n $(JOBS) -m 'not gpu and not spark and not ray and not data and not browser' $(ARGS)

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY_DEV)
	$(BIN)/mypy

contracts: $(READY_DEV)
	$(BIN)/lint-imports

docs: $(READY_DEV)
	$(BIN)/python -m pytest tests/docs -m 'not gpu' $(ARGS)

# CASE, and perhaps PEERS="NAME …", PARTS="NAME …", SAMPLE=0.05 (to try out) and FRESH=1 (run again what has run).
bench: $(READY_DEV)
	$(BIN)/python -m benchmarks.run --case $(CASE) $(if $(PEERS),--peers $(PEERS)) $(if $(PARTS),--parts $(PARTS)) \
	  $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(FRESH),--fresh) $(ARGS)

bench-docs: $(READY_DEV)
	$(BIN)/python -m benchmarks.run --docs

bench-%: $(READY_DEV)
	$(BIN)/python $(firstword $(wildcard benchmarks/$*/run.py benchmarks/$*/build.py)) $(ARGS)

# The first python of at least 3.11 that can make an environment.
$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; \
	  then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo 'Edgewise needs Python 3.11 to 3.14 with the venv module; none was found.' >&2; \
	  echo 'hint: install one (on Debian and Ubuntu: apt install python3 python3-venv), or name it: make demo PYTHON=/path/to/python3' >&2; \
	  exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv $(VENV)

# A stamp file says that what pyproject.toml asks for is installed.
$(READY): pyproject.toml | $(BIN)/python
	@echo 'Installing torch and what Edgewise needs: a few minutes the first time.'
	@$(INSTALL) '$(TORCH)'
	@$(INSTALL) '$(TORCH)' --editable .
	@touch $@

# Kernels are compiled when first used and kept; two small fits use nearly all of them, so that a timing of what
# comes after is not one of the compiler.
$(WARM): $(READY)
	@echo 'Compiling kernels, once: about a minute.'
	@mkdir -p .cache/warm
	@$(BIN)/edgewise fit shop 'PREDICT LIST_DISTINCT(transactions.product_id, 0, 14, days) RANK TOP 12 FOR EACH customers.customer_id' \
	  --budget 20s --out .cache/warm/ranking --overwrite --quiet >/dev/null
	@$(BIN)/edgewise fit shop 'PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH customers.customer_id' \
	  --budget 20s --out .cache/warm/churn --overwrite --quiet >/dev/null
	@$(BIN)/edgewise explain .cache/warm/ranking --entity 1 --quiet >/dev/null
	@rm -rf .cache/warm
	@touch $@

$(READY_DEV): pyproject.toml $(READY)
	@echo 'Installing what the tests need.'
	@$(INSTALL) '$(TORCH)' --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist runs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
