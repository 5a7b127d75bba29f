# Everything a person or a machine does with this repository, each with its own set-up.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
UV := $(BIN)/uv --quiet --no-progress
SCHEMA := $(BIN)/check-jsonschema --quiet --builtin-schema vendor

.PHONY: help demo test lint types forms setup setup-test clean
.DEFAULT_GOAL := help

help: ## Show what there is.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: setup ## Play the main job, from an issue to a healthy cluster (ARGS=--once ends by itself).
	@$(BIN)/python -m demo $(ARGS)

# In the order of tests/conftest.py. xdist's own, by the number of tests, keeps files with one test of
# minutes for the end, where other workers have nothing left to do.
test: setup-test ## Run every test.
	@$(BIN)/python -m pytest -n $(or $(WORKERS),auto) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup-test ## Check style, workflows, the image and configuration files.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/yamllint --strict .
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/zizmor --offline --no-progress --quiet .github/workflows
	@$(SCHEMA).github-workflows .github/workflows/*.yml
	@$(SCHEMA).github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(SCHEMA).github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	@$(SCHEMA).compose-spec deploy/compose.yaml

types: setup-test ## Check types.
	@$(BIN)/mypy

forms: setup ## Write the issue forms from the catalogue.
	@$(BIN)/python -m bot forms

setup: .venv/.local .venv/.lockgate .tools/.checkov .tools/.opa
	@$(BIN)/python -m demo.node_packages

setup-test: .venv/.dev .tools/.checkov .tools/.opa
	@$(BIN)/python -m demo.node_packages

.venv/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lockgate needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.local: requirements/local.txt .venv/.uv
	@echo "Installing Lockgate's packages ..."
	@$(UV) pip install --python .venv/bin/python --require-hashes -r requirements/local.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.uv
	@echo "Installing the packages of the tests ..."
	@$(UV) pip install --python .venv/bin/python --require-hashes -r requirements/dev.txt
	@touch $@ .venv/.local

# `.venv/bin/lockgate` runs this very clone; its packages are those of above.
.venv/.lockgate: pyproject.toml requirements/app.in requirements/build.txt .venv/.uv
	@$(UV) pip install --python .venv/bin/python --no-deps --build-constraints requirements/build.txt --editable .
	@touch $@

.tools/.checkov: requirements/checkov.txt .venv/.uv
	@echo "Installing Checkov in an environment of its own ..."
	@$(PYTHON) -m venv .tools/checkov
	@$(UV) pip install --python .tools/checkov/bin/python --require-hashes -r requirements/checkov.txt
	@touch $@

# The bindings declare Python 3.14 and run on 3.11; pip is the installer that can be told so.
.tools/.opa: requirements/opa.txt .venv/.uv
	@$(BIN)/pip install --quiet --disable-pip-version-check --ignore-requires-python \
	  --require-hashes --upgrade --target .tools/opa -r requirements/opa.txt
	@touch $@

clean: ## Remove what set-up and demo made.
	@rm -rf .venv .tools .lockgate
