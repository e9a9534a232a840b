# The only commands to know. Each sets up what it needs; nothing but python3 (3.11 or newer), make and git is expected.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export QUESTION
LOCK := requirements.lock

.PHONY: setup demo test lab bench figures attack dependencies lint lock clean

setup: $(READY)  ## Make the environment in .venv from the hash-pinned lock.

$(READY): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Attributed needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...")'
	@if command -v uv >/dev/null 2>&1; then \
	  echo "Setting up .venv with uv"; \
	  rm -rf .venv && uv venv --quiet --python $(PYTHON) .venv && \
	  UV_NATIVE_TLS=1 uv pip sync --quiet --python $(BIN)/python --require-hashes --link-mode copy $(LOCK) && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
	  echo "Setting up .venv with pip (a few minutes)"; \
	  rm -rf .venv && $(PYTHON) -m venv .venv && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
	@mkdir -p .venv/etc/ipython && cp helpers/templates/ipython_kernel_config.json .venv/etc/ipython/
	@touch $(READY)

demo: $(READY)  ## Build the sample's tables, run every notebook, write reports/sample/index.html.
	$(BIN)/python -m helpers build data/sample
	$(BIN)/python -m helpers batch notebooks/batches/sample.yml --out reports/sample
	@echo "Open reports/sample/index.html"

test: lint  ## Check style and types, then run all tests; installs Chromium where that is possible.
	@tests/install_chromium
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lab: $(READY)  ## Open JupyterLab on the notebooks; it asks the network for nothing.
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. --LabApp.app_settings_dir=helpers/templates/lab notebooks/entity_counts.ipynb

bench: $(READY)  ## Measure speed, memory and safety; write reports/bench. ABLATE=1: what each hand rule is worth, on GOLD=folder too.
	$(BIN)/python -m helpers bench $(if $(ABLATE),--ablate) --out reports/bench

figures: $(READY)  ## Measure the figures of README again, on the public corpora in GOLD=folder, and write them into it.
	$(BIN)/python -m helpers bench --figures $(GOLD)

attack: $(READY)  ## Attack it with damaged files, costly texts, flipped bits, hostile fields (long); write reports/attack.
	@rm -rf reports/attack
	ATTRIBUTED_ATTACK=$(CURDIR)/reports/attack $(BIN)/python -m pytest -m attack -n 2 --dist worksteal

dependencies: $(READY)  ## List each locked package: licence, last release, advisories. REFRESH=1 asks for them anew.
	@$(BIN)/python tests/dependencies.py $(if $(REFRESH),--refresh)

study: $(READY)  ## Write the plan of a study, or its results: CORPUS=folder QUESTION="…" STUDY=reports/study, CODED="folders" of codings.
	$(BIN)/python -m helpers study "$(CORPUS)" --question "$$QUESTION" --out "$(or $(STUDY),reports/study)" $(if $(CODED),--coded $(CODED))

lint: $(READY)  ## Check style and types, and that no notebook holds output.
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb
	$(BIN)/mypy

lock:  ## Solve pyproject.toml afresh into the lock (needs uv).
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --output-file $(LOCK)

clean:  ## Remove the environment, reports and tables; decisions about names stay.
	rm -rf .venv reports data/tables/*/
