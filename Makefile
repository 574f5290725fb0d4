# What each verb does: make help. Each sets up what it needs first, is quick the second time, and after one
# success needs no network. ARGS is handed on: make test ARGS="tests/sync -k webhook", make demo ARGS=--stay

RUN := .venv/installed
DEV := .venv/installed-dev
BIN := .venv/bin
BENCH := .venv-bench/installed

.PHONY: help install demo up test check bench clean

help:
	@echo "make install  Cueloop and its tools into .venv"
	@echo "make demo     the loop on real sentences and real people's recorded answers, with a report"
	@echo "make up       everything, with your own Label Studio or an embedded one, until Ctrl-C"
	@echo "make test     all tests, on a real Label Studio, Valkey and PostgreSQL"
	@echo "make check    lint, types, imports, documentation"
	@echo "make bench    the figures, side by side with peers (ONLY=speed for one, with its own ARGS)"
	@echo "make clean    remove .venv, .venv-bench and what tools left (never .cueloop: that is your data)"

install: $(DEV)

demo: $(RUN)
	@$(BIN)/cueloop demo $(ARGS)

up: $(RUN)
	@$(BIN)/cueloop up $(ARGS)

test: $(DEV)
	@$(BIN)/python -m console.parts.environment
	@-$(BIN)/python -m console.parts.label_studio_ml
	@$(BIN)/pytest $(ARGS)

check: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@if [ -d tests/docs ]; then $(BIN)/pytest -q tests/docs; fi

bench: $(DEV)
	@[ -f $(BENCH) ] || sh tools/bench.sh
	@for file in $(or $(ONLY),$(basename $(notdir $(shell grep -l __main__ benchmarks/*.py)))); do \
		echo "== benchmarks/$$file.py"; OMP_NUM_THREADS=1 .venv-bench/bin/python -m "benchmarks.$$file" $(ARGS) || exit 1; done

clean:
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): pyproject.toml constraints/cueloop.txt
	@sh tools/install.sh "" && touch $@

$(DEV): pyproject.toml constraints/cueloop.txt
	@sh tools/install.sh dev && touch $(RUN) $@
