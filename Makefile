# Two commands: `make run` opens a rehearsal, `make test` passes every test offline.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: run web test setup check check-static format lock smoke browser evals record train agreement

run: setup
	@$(BIN)/simulator chat $(ARGS)

# The page, in your browser.
web: setup
	@$(BIN)/simulator web $(ARGS)

test: setup .venv/.dev
	$(BIN)/python -m pytest

setup: .venv/.run

check: check-static test

check-static: setup .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The live smoke test: the tiny model through the real server.
smoke: setup .venv/.dev
	$(BIN)/python -m pytest -m live tests/live --force-enable-socket

# The pages in the system's Chromium; pictures go to artefacts/ or to $SIMULATOR_ARTEFACTS.
browser: setup .venv/.dev
	$(BIN)/python -m pytest -m browser tests/browser --force-enable-socket

# Replays every eval suite: no model, no key, no network.
evals: setup
	@$(BIN)/simulator eval run -j 2

# Records what is stale anew from your model (it says before how long that takes), then the transcripts.
record: setup .venv/.dev
	$(BIN)/simulator eval record --stale $(ARGS)
	$(BIN)/python -m tests.replay.transcripts

# Trains the local coder anew from documents/turns (about an hour on two cores, fixed seeds).
train: setup .venv/.train
	$(BIN)/python -m simulator.coder.training

# Scores the coder against human-labelled files, which are not ours to ship: make agreement DATA=folder
agreement: setup
	$(BIN)/simulator eval agreement --data $(DATA) --card docs/agreement.md --figures documents/agreement/card.yaml

LOCK := uv pip compile --universal --generate-hashes --no-annotate --no-header --no-emit-index-url \
	--no-emit-find-links --python-version 3.11 -q

lock:
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(LOCK) --group build -c requirements-dev.txt -o requirements-build.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)' </dev/null
	@echo "Making .venv ..." >&2
	@$(PYTHON) -m venv .venv </dev/null

.venv/.run: .venv/bin/python requirements.txt pyproject.toml
	@echo "Installing what the simulator needs (once, a minute or two) ..." >&2
	@$(PIP) install --require-hashes --only-binary=:all: -r requirements.txt </dev/null
	@$(PIP) install --require-hashes --only-binary=:all: -r requirements-build.txt </dev/null
	@$(PIP) install --no-deps --no-build-isolation -e . </dev/null
	@touch $@

# No hashes: which build of torch fits differs from machine to machine.
.venv/.train: .venv/.run requirements-train.txt
	@echo "Installing what training needs ..." >&2
	@$(PIP) install -r requirements-train.txt </dev/null
	@$(BIN)/simulator models pull encoder tokenizer
	@touch $@

.venv/.dev: .venv/.run requirements-dev.txt
	@echo "Installing what the tests need ..." >&2
	@$(PIP) install --require-hashes --only-binary=:all: -r requirements-dev.txt </dev/null
	@touch $@
