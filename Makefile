# The only commands to know. Each sets up what it needs; nothing but python3 (3.11 or newer), make and git is expected.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LAB := .venv/.ready-lab
TESTS := $(LAB) .venv/.ready-test
UV := $(shell sh -c 'command -v uv' 2>/dev/null)
INSTALL := $(if $(UV),UV_NATIVE_TLS=1 uv pip install --quiet --python $(BIN)/python --link-mode copy,$(BIN)/python -m pip install --quiet --disable-pip-version-check) --no-deps
export QUESTION

.PHONY: setup demo test cluster lab bench figures attack dependencies lint lock clean

setup: $(READY)  ## Make the environment in .venv from the hash-pinned lock: what reading, notebooks and batches need.

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Attributed needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv with $(if $(UV),uv,pip (a few minutes))"
	@rm -rf .venv && $(if $(UV),uv venv --quiet --python $(PYTHON),$(PYTHON) -m venv) .venv
	@$(INSTALL) --require-hashes --requirement $<
	@$(INSTALL) --no-build-isolation --editable .
	@mkdir -p .venv/etc/ipython && cp helpers/templates/ipython_kernel_config.json .venv/etc/ipython/
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c 'import helpers.batch.run, helpers.corpus.annotation'  # compiled once, here
	@touch $@

.venv/.ready-%: requirements-%.lock $(READY)
	@echo "Adding $< to .venv"
	@$(INSTALL) --require-hashes --requirement $<
	@touch $@

demo: $(READY)  ## Build the sample's tables, run every notebook, write reports/sample/index.html.
	$(BIN)/python -m helpers build data/sample
	$(BIN)/python -m helpers batch notebooks/batches/sample.yml --out reports/sample
	@echo "Open reports/sample/index.html"

test: lint  ## Check style and types, then run all tests; installs Chromium where that is possible.
	@tests/install_chromium
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

cluster: $(TESTS)  ## Add what builds on a cluster or to an object store need; the tests need it too.

lab: $(LAB)  ## Open JupyterLab on the notebooks; it asks the network for nothing.
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. --LabApp.app_settings_dir=helpers/templates/lab notebooks/entity_counts.ipynb

bench: $(READY)  ## Measure speed, memory and safety; write reports/bench. ABLATE=1: what each hand rule is worth, on GOLD=folder too; RECORD=1: keep the values in data/bench.csv.
	$(BIN)/python -m helpers bench $(if $(ABLATE),--ablate) $(if $(RECORD),--record) --out reports/bench

figures: $(READY)  ## Measure the figures of README again, on the public corpora in GOLD=folder, and write them into it.
	$(BIN)/python -m helpers bench --figures $(GOLD)

attack: $(TESTS)  ## Attack it with damaged files, costly texts, flipped bits, hostile fields (long); write reports/attack.
	@rm -rf reports/attack
	ATTRIBUTED_ATTACK=$(CURDIR)/reports/attack $(BIN)/python -m pytest -m attack -n 2 --maxschedchunk 1

dependencies: $(TESTS)  ## List each locked package: licence, last release, advisories. REFRESH=1 asks for them anew.
	@$(BIN)/python tests/dependencies.py $(if $(REFRESH),--refresh)

study: $(READY)  ## Write the plan of a study, or its results: CORPUS=folder QUESTION="…" STUDY=reports/study, CODED="folders" of codings.
	$(BIN)/python -m helpers study "$(CORPUS)" --question "$$QUESTION" --out "$(or $(STUDY),reports/study)" $(if $(CODED),--coded $(CODED))

lint: $(TESTS)  ## Check style and types, and that no notebook holds output.
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb
	$(BIN)/mypy

lock:  ## Solve pyproject.toml afresh into the locks (needs uv).
	$(PYTHON) tests/dependencies.py --lock

clean:  ## Remove the environment, reports and tables; decisions about names stay.
	rm -rf .venv reports data/tables/*/
