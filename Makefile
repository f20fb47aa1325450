# Needs Python 3.11 or newer and make; everything else goes into .venv.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,$(shell command -v $(p) >/dev/null 2>&1 && $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
VENV ?= .venv
BIN := $(VENV)/bin
HOST ?= $(or $(GANVAS_HOST),127.0.0.1)
PORT ?= $(or $(GANVAS_PORT),8000)
EXTRA ?= cpu
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help serve test test-busy test-import test-ray client-types images pictures lint format bench bench-scaling bench-engines bench-training soak clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-16s %s\n", $$1, $$2}'

serve: $(VENV)/.serve ## serve the bundled models (PORT=8000 HOST=127.0.0.1)
	exec env GANVAS_HOST=$(HOST) GANVAS_PORT=$(PORT) $(BIN)/python -m service

test: $(VENV)/.dev ## run the whole test suite
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-busy: $(VENV)/.dev ## test what deals with time 20 times beside stress-ng (BUSY='--runs 5 --whole')
	$(BIN)/python -m tests.busy $(BUSY)

test-import: $(VENV)/.dev ## import and serve every architecture of other projects
	GANVAS_TEST_EVERY_IMPORT=1 $(BIN)/python -m pytest tests/unit/training/packaging/foreign

test-ray: $(VENV)/.dev ## test the batch commands and the service on a local Ray cluster
	$(PIP) --editable '.[ray]'
	$(BIN)/python -m pytest tests/e2e/test_ray.py tests/deploy/test_ray_serve.py

client-types: $(VENV)/.dev ## generate the TypeScript client's types from the OpenAPI document (needs npm)
	npm --prefix clients/typescript ci --ignore-scripts
	$(BIN)/python -m tests.clients.openapi | node clients/typescript/generate.mjs

images: $(VENV)/.dev ## generate the images of README and docs from the calls above them
	$(BIN)/python -m tests.docs.images

pictures:
	@echo "error: make pictures is now called make images" >&2; exit 1

lint: $(VENV)/.dev ## check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## format the code and regenerate the manifest schema
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m service.repository.manifest > models/manifest.schema.json

bench: $(VENV)/.dev ## benchmark the service against others (BENCH='--help')
	$(BIN)/python -m tests.benchmark.service $(BENCH)

bench-scaling: $(VENV)/.dev ## benchmark one and two replicas, behind nginx and on Ray (BENCH='--help')
	$(BIN)/python -m tests.benchmark.scaling $(BENCH)

bench-engines: $(VENV)/.serve ## benchmark the installed engine against ONNX Runtime's default (EXTRA=openvino VENV=.venv-openvino)
	$(BIN)/python -m tests.benchmark.engines $(BENCH)

bench-training: $(VENV)/.dev ## benchmark training against a plain PyTorch loop
	$(BIN)/python -m tests.benchmark.training

soak: $(VENV)/.dev ## send valid and hostile traffic for ten minutes
	$(BIN)/python -m tests.e2e.soak

clean: ## remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache *.egg-info

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer was found; install one, or pass its path: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# Stamp files: dependencies are installed again only if their declarations change.
$(VENV)/.serve: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[$(EXTRA)]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[$(EXTRA),training,dev]'
	@touch $@ $(VENV)/.serve
