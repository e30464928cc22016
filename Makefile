# What there is to do with this repository. `make run` on a fresh machine does everything.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

UV := .venv/bootstrap/bin/uv
BIN := .venv/service/bin
LOCK := $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-header
PREFIX ?= $(HOME)/.local

.PHONY: help run setup setup-test test lint format lock evaluate mutations install clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## Set up, train, migrate and start everything; Ctrl-C stops it
	@./nmt run

setup: ## Build both runtimes from their locks (nothing is redone without need)
	@./scripts/setup.sh

setup-test:
	@./scripts/setup.sh test

test: lint ## Install what the tests need, check the code and run all tests
	@NMT_DATA_DIR="$(CURDIR)/.nmt" ./nmt train
	@./scripts/with_postgres.sh $(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup-test ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --python-version 3.10 --python-executable .venv/engine/bin/python bot/engine/*.py

format: setup-test ## Put the code into the house style
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

lock: setup ## Write the lock files anew from pyproject.toml
	@$(LOCK) --universal requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(LOCK) --python-version 3.10 --group pyproject.toml:engine -o requirements/engine.txt
	@$(LOCK) --python-version 3.10 --no-deps --group pyproject.toml:encoder -o requirements/encoder.txt
	@$(LOCK) --python-version 3.12 --no-deps --group pyproject.toml:reading -o requirements/reading.txt
	@$(LOCK) --python-version 3.12 --group pyproject.toml:service -o requirements/service.txt
	@$(LOCK) --python-version 3.12 -c requirements/service.txt --group pyproject.toml:test -o requirements/test.txt

evaluate: setup-test ## Measure understanding and safety on the held-out sets
	@$(BIN)/python -m evaluation

mutations: setup-test ## Make each clinical number milder by one step and see that a test notices
	@$(BIN)/python -m pytest tests/unit/test_mutations.py

install: setup ## Put `nmt` on the PATH (PREFIX=~/.local)
	@mkdir -p "$(PREFIX)/bin"
	@ln -sf "$(CURDIR)/nmt" "$(PREFIX)/bin/nmt"
	@echo "$(PREFIX)/bin/nmt now runs this copy."

clean: ## Delete the runtimes and caches; the data directory stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
