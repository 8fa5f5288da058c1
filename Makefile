# Two commands for users: `make run` and `make demo`. The rest is for people who work on Footnote.
# Needs GNU make, a POSIX sh, Python 3.11 or newer, gcc and g++.

SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 7860
QUESTION ?= How much will rebuilding the spillway at Dunmarrow Dam cost?

BIN := .venv/bin
SAMPLE := eval/articles/sample
INSTALLED := .venv/.installed
BENCH_INSTALLED := .venv/.bench-installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run demo test faults lint bench bench-scale eval pictures wheel check-wheel lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(INSTALLED) ## install into .venv (6 to 10 minutes the first time)

$(INSTALLED): pyproject.toml requirements.lock
	@PYTHON='$(PYTHON)' sh scripts/setup.sh dev
	@touch $@

$(BENCH_INSTALLED): $(INSTALLED)
	@PYTHON='$(PYTHON)' sh scripts/setup.sh dev,bench
	@touch $@

run: demo ## set up, read the sample articles, ask one question, open the chat (PORT=7860)
	@$(BIN)/rag ui --port $(PORT)

demo: $(INSTALLED) ## the same without the chat
	@$(BIN)/rag models prepare
	@$(BIN)/rag ingest $(SAMPLE)
	@echo; echo '> rag ask "$(QUESTION)"'
	@$(BIN)/rag ask "$(QUESTION)"

test: $(INSTALLED) ## all tests (those of the chat need Debian's Chromium, else they skip)
	@$(BIN)/pytest -n 2 --dist loadfile $(PYTEST_ARGS)

faults: $(INSTALLED) ## kill, fill and damage ingest thousands of times; exits 1 on a violation (10 to 15 minutes)
	@$(BIN)/python -m tests.faults --long

lint: $(INSTALLED) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(BENCH_INSTALLED) ## ingest speed beside a common pipeline; writes under .bench/
	@$(BIN)/python eval/benchmarks/ingest.py

bench-scale: $(INSTALLED) ## 100,000 passages opened and searched, a million vectors (5 to 10 minutes)
	@$(BIN)/python eval/benchmarks/scale.py

eval: $(INSTALLED) ## quality on the dev questions; fails when a measure fell (under 10 minutes)
	@$(BIN)/rag eval eval/questions/pile.jsonl --split dev --articles eval/articles/pile \
		--report .eval/dev --compare eval/baselines/dev.json --strict

pictures: $(INSTALLED) ## take the pictures of docs/images anew (needs Debian's Chromium; 1 minute)
	@$(BIN)/python -m tests.ui.pictures

wheel: $(INSTALLED) ## build dist/*.whl
	@rm -f dist/footnote_rag-*.whl
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/footnote_rag-*.whl

check-wheel: wheel ## build the wheel and try it in an empty environment (2 to 4 minutes)
	@PYTHON='$(PYTHON)' sh scripts/check_wheel.sh dist/footnote_rag-*.whl

lock: $(INSTALLED) ## write requirements.lock anew; UPGRADE="name ..." or UPGRADE=all lets versions move
	@PYTHON='$(PYTHON)' UPGRADE='$(UPGRADE)' sh scripts/lock.sh

clean: ## remove .venv, the index, caches and dist (never the user's cache of wheels and models)
	rm -rf .venv .bench .eval .mypy_cache .ruff_cache .pytest_cache build dist *.egg-info
	find index -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	find . -path ./.git -prune -o -type d -name __pycache__ -exec rm -rf {} +
