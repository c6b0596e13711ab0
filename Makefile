# ClassProof 课证. `make help` lists every task. Nothing has to be installed by hand except Python 3.11+ and make.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SYSTEM := $(VENV)/.system
DATA   ?= var
PARTS  := api compliance storage supervision

# The site is six Python processes, and each would read every source again: what is read once is kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup system demo demo-check serve test test-all check bench mutate trace lock format messages migration clean

help: ## this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.11")'
	@echo "· making the local environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(STAMP): $(VENV)/bin/python requirements.lock pyproject.toml hatch_build.py $(wildcard api/locale/*/LC_MESSAGES/*.po)
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@echo "· installing the locked dependencies"
	@$(BIN)/python -m uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock --python $(BIN)/python
	@echo "· building browser assets, fonts and message catalogues"
	@$(BIN)/python -m uv pip install --quiet --no-deps --no-build-isolation -e . --python $(BIN)/python
	@$(BIN)/python -m compileall -q -j 0 $(PARTS)
	@touch $@

$(SYSTEM): tools/system_packages.sh $(STAMP)
	@bash tools/system_packages.sh
	@touch $@

setup: $(STAMP) ## local environment from the lock file

system: $(SYSTEM) ## Debian packages that tests use (Chromium, CJK font, bubblewrap, ffmpeg), when missing and permitted

demo: $(SYSTEM) ## the whole way on real recordings, then the site stays up
	@$(BIN)/classproof demo --data-dir var-demo

demo-check: $(SYSTEM) ## the same without staying up; the last line is a JSON summary
	@$(BIN)/classproof demo --check

serve: $(STAMP) ## engines, API, worker and scheduler in one process tree
	@$(BIN)/classproof serve

check: $(STAMP) ## format, lint, types, import contracts, migrations, message catalogue
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m api.locale.check
	@$(BIN)/classproof migrate --check
	@$(BIN)/python tools/check_text.py
	@$(BIN)/python -m tools.trace --check
	@$(BIN)/python -m tools.licences --check

# Two processes on two cores: with three the engines that tests kill and start come up too slowly now and then.
# Browser tests run in processes of their own: Playwright keeps an event loop in its process, in which others cannot run theirs. They wait
# for pages more than they calculate, so three of them fill two cores.
test: $(SYSTEM) ## every test except the slow ones
	@$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup --ignore=tests/browser
	@$(BIN)/python -m pytest -m "not slow" -n 3 tests/browser

test-all: $(SYSTEM) ## the slow ones too
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --ignore=tests/browser
	@$(BIN)/python -m pytest -n 3 tests/browser

bench: $(SYSTEM) ## measure what is promised; writes bench/results.json
	@$(BIN)/python -m bench

trace: $(STAMP) ## write docs/policy/trace.md: where every requirement is implemented and tested
	@$(BIN)/python -m tools.trace

licences: $(STAMP) ## write docs/dependencies.md: what is installed, under which licence
	@$(BIN)/python -m tools.licences

mutate: $(STAMP) ## spoil the pure rules in every small way; some test must notice (docs/policy/mutation.md)
	@rm -rf mutants
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

format: $(STAMP) ## format and fix
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

messages: $(STAMP) ## collect the messages of templates and code into the catalogues
	@$(BIN)/python -m api.locale.extract

migration: $(STAMP) ## autogenerate a migration: make migration NAME="what it does"
	@$(BIN)/classproof migrate --new "$(NAME)"

lock: $(STAMP) ## resolve requirements.lock anew
	@$(BIN)/python -m uv pip compile pyproject.toml --group build --group dev --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --universal --quiet --upgrade -o requirements.lock

clean: ## remove the environment and all local data
	rm -rf $(VENV) var var-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
