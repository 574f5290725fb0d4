# What each verb does: make help. Each sets up what it needs first, is quick the second time, and after one
# success needs no network. ARGS is handed on: make test ARGS="tests/sync -k webhook", make demo ARGS=--stay

RUN := .venv/installed
DEV := .venv/installed-dev
BIN := .venv/bin

.PHONY: help install demo up test check bench clean

help:
	@echo "make install  Cueloop and its tools into .venv"
	@echo "make demo     the loop on real sentences and real people's recorded answers, with a report"
	@echo "make up       everything, with your own Label Studio or an embedded one, until Ctrl-C"
	@echo "make test     all tests, on a real Label Studio, Valkey and PostgreSQL"
	@echo "make check    lint, types, imports, documentation"
	@echo "make bench    the figures, side by side"
	@echo "make clean    remove .venv and what tools left (never .cueloop: that is your data)"

install: $(DEV)

demo: $(RUN)
	@$(BIN)/cueloop demo $(ARGS)

up: $(RUN)
	@$(BIN)/cueloop up $(ARGS)

test: $(DEV)
	@$(BIN)/python -m console.parts.environment
	@$(BIN)/pytest $(ARGS)

check: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@if [ -d tests/docs ]; then $(BIN)/pytest -q tests/docs; fi

bench: $(DEV)
	@for file in benchmarks/[a-z]*.py; do \
		echo "== $$file"; $(BIN)/python -m "benchmarks.$$(basename "$$file" .py)" $(ARGS) || exit 1; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): pyproject.toml constraints/cueloop.txt
	@sh tools/install.sh "" && touch $@

$(DEV): pyproject.toml constraints/cueloop.txt
	@sh tools/install.sh dev && touch $(RUN) $@
