# Market Ledger: `make help` lists the targets. Python 3.11-3.13 and make are all that must be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LEDGER := $(BIN)/market-ledger
DATA ?= data
UV := $(BIN)/uv
# Bytecode is compiled at installation: otherwise every start compiles some 1,250 modules.
INSTALL := $(UV) pip install --quiet --require-hashes --compile-bytecode --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help run test dashboard dagster check lint format types demo bench spark lock procedures screenshots clean browser

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(UV): requirements/uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11, 3.12 or 3.13 is needed: set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 13) and f"Python 3.11, 3.12 or 3.13 is needed, this is {v[0]}.{v[1]}: set PYTHON=/path/to/python3")'
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

$(VENV)/.run: $(UV) requirements/run.txt pyproject.toml
	@echo "Installing the locked packages into $(VENV) ..."
	@$(INSTALL) -r requirements/run.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	@$(BIN)/python -c "from pipelines.settings import load_settings; from pipelines.warehouse.dbt import parsed_project; parsed_project(load_settings())"
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

$(VENV)/.spark: $(VENV)/.run requirements/spark.txt
	@$(INSTALL) -r requirements/spark.txt
	@touch $@

run: $(VENV)/.run  ## Take the sample deliveries, run the pipeline, print and publish the newest month's summary
	@$(LEDGER) --data $(DATA) run --samples

test: $(VENV)/.dev browser  ## Set up and run all tests
	@$(BIN)/python -m pytest -n 2

browser:
	@bash tests/browser/install.sh

dashboard: $(VENV)/.run  ## Open the dashboard
	@$(LEDGER) --data $(DATA) dashboard

dagster: $(VENV)/.run  ## Open Dagster: assets, checks, schedules, sensor
	@$(LEDGER) --data $(DATA) dagster

check: $(VENV)/.run  ## Run the data-quality gates alone
	@$(LEDGER) --data $(DATA) check

demo: $(VENV)/.run  ## Write a sample company into data/landing (any size: market-ledger demo --help)
	@$(LEDGER) --data $(DATA) demo

lint: $(VENV)/.dev  ## Lint
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(VENV)/.dev  ## Format the code
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

types: $(VENV)/.dev  ## Check types
	@$(BIN)/mypy

bench: $(VENV)/.dev  ## Measure against plain DuckDB, dlt and pandas (any size: make bench ROWS=10000000)
	@$(LEDGER) bench $(if $(ROWS),--rows $(ROWS))

spark: $(VENV)/.spark  ## Add Apache Spark, the second engine (Java 17 is needed, half a gigabyte is loaded)
	@echo "Next: $(LEDGER) cluster up --workers 2"

procedures: $(VENV)/.dev  ## Write the READMEs' table of procedures from contracts, reports, pages and tests
	@$(BIN)/python -m tests.project.procedures

screenshots: $(VENV)/.dev browser  ## Make the README's screenshots from the real pages
	@$(BIN)/python tests/browser/screenshots.py

COMPILE := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
lock: $(VENV)/.run  ## Write requirements/*.txt anew from pyproject.toml: hashes, no registry hosts
	@$(COMPILE) --extra spark --group dev pyproject.toml -o requirements/dev.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/run.txt
	@$(COMPILE) --extra spark pyproject.toml -c requirements/dev.txt -o requirements/spark.txt
	@echo uv | $(COMPILE) - -o requirements/uv.txt

clean:  ## Remove the environment and everything that a run can make again (never landing, originals, lake, vault)
	rm -rf $(VENV) data/warehouse dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache
