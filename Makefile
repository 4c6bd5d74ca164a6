# Two commands do everything: `make sweep` and `make test`. Both make their own .venv first.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || echo python3)
VENV := .venv
RUN := $(VENV)/bin/python
SPACE ?= quick
TAXONOMY ?= ekman
ARGS ?=
# Processes that share the tests; each may start a Ray of two processors and load TensorFlow.
TESTERS ?= 2

.PHONY: sweep test tests long faults lint types benchmark clean help

help:
	@echo "make sweep      search on this machine, then open results/<run>/report.html"
	@echo "                SPACE=quick|seed|joint|qat|bert|bert-joint TAXONOMY=ekman|goemotions|sentiment ARGS='...'"
	@echo "make test       lint, types and tests"
	@echo "make long       the tests that make test leaves out, but for faults; minutes"
	@echo "make faults     everything dies once: workers, nodes, drivers, disks; minutes"
	@echo "make benchmark  the measured figures of results/README.md"
	@echo "make clean      remove .venv (results stay)"

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "emoray needs Python 3.11 or newer: make PYTHON=/path/to/python"'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[glove,test]"
	touch $@

# Encoders and Marian translators need torch, which is large: only who uses them installs it.
$(VENV)/ready-bert: $(VENV)/ready
	$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[bert,translate]"
	touch $@

sweep: $(if $(filter bert% qat prune shots,$(SPACE)),$(VENV)/ready-bert,$(VENV)/ready)
	$(RUN) -m jobs.sweep --space $(SPACE) --taxonomy $(TAXONOMY) $(ARGS)

lint: $(VENV)/ready-bert
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(VENV)/ready-bert
	$(RUN) -m mypy

# Types are checked while tests wait for something.
test: lint
	$(MAKE) --jobs=2 types tests

tests: $(VENV)/ready-bert
	$(RUN) -m pytest --numprocesses $(TESTERS) $(ARGS)

long: $(VENV)/ready-bert
	$(RUN) -m pytest -m long $(ARGS)

faults: $(VENV)/ready-bert
	$(RUN) -m pytest -m "faults or not faults" tests/faults tests/cluster $(ARGS)

benchmark: $(VENV)/ready
	$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[benchmark]"
	$(RUN) -m jobs.benchmark $(ARGS)

clean:
	rm -rf $(VENV)
