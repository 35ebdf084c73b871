# Everything a newcomer needs: `make run`, `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run demo scene3d test format types tools bench rivals screens simulate soak audit lock clean

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint .ci/constraints.txt
MANIFESTS := pyproject.toml clients/python/pyproject.toml .ci/constraints.txt
CODE := hub clients tests examples
SCENE := examples/scene3d/node_modules/.made
PACKAGES := clients/javascript/node_modules/.made $(SCENE)

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.run ## Start the hub on 127.0.0.1:8000; what it stores is in var/ (HOST, PORT, DATABASE_URL …)
	@exec $(BIN)/hub serve

demo: .venv/.run ## The same, with a feed of contracts and jobs; Ctrl-C stops both
	@LOG_LEVEL="$${LOG_LEVEL:-WARNING}" exec $(BIN)/python examples/demo.py

scene3d: tools $(SCENE) ## Build and serve the three.js example on 127.0.0.1:4173 (VITE_HUB_URL, SCENE_PORT)
	@cd examples/scene3d && npm run --silent build -- --logLevel warn && exec npm run --silent serve

test: .venv/.test tools $(PACKAGES) ## Check format, lint, types and imports, and run all tests
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --cov --cov-report=term

format: .venv/.test ## Format the code, and mend what lint can mend
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

types: .venv/.test tools $(PACKAGES) ## Write the JavaScript client's types of the wire, from the hub's own documents
	PYTHONPATH=tests $(BIN)/python tests/javascript/write_types.py

bench: .venv/.test rivals ## Measure the hub against others; prints ratios (PARTS="fanout crowds")
	PYTHONPATH=tests $(BIN)/python -m bench $(PARTS)

simulate: .venv/.test ## Drive simulated nodes through faults that a seed decides (SEED, SEEDS, STEPS)
	@PYTHONPATH=tests $(BIN)/python -m simulator --seed $(or $(SEED),1) --seeds $(or $(SEEDS),1) --steps $(or $(STEPS),10000)

soak: .venv/.test ## A million events and ten minutes of clients that come and go: memory stays flat (EVENTS, MINUTES)
	PYTHONPATH=tests $(BIN)/python -m bench.soak

screens: .venv/.test tools ## Take the pictures of the README anew: a hub, news for it, and Chromium
	PYTHONPATH=tests $(BIN)/python -m screens

tools: ## Install strace, Chromium, Redis, PostgreSQL, Node, nginx …, which tests need, where apt-get can
	@sh .ci/tools

rivals:
	@sh .ci/rivals

audit: .venv/.test ## Ask whether a dependency has a known vulnerability; needs the network
	@sh .ci/audit $(BIN)/python

lock: ## Take the newest allowed version of everything, and write it down in .ci/constraints.txt
	@sh .ci/venv "$(PYTHON)"
	@$(PIP) install --quiet --editable clients/python --editable '.[test]'
	@$(PIP) freeze --exclude-editable > .ci/constraints.txt
	@touch .venv/.made .venv/.run .venv/.test

clean: ## Remove .venv and every cache; what the hub stored in var/ stays
	rm -rf .venv .venv-audit clients/javascript/node_modules examples/scene3d/node_modules examples/scene3d/dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

# The stamps keep a second start from installing anything.
.venv/.run: .venv/.made $(MANIFESTS)
	@echo "Installing the hub into .venv, once …"
	@$(INSTALL) --editable clients/python --editable .
	@touch $@

.venv/.test: .venv/.run
	@echo "Installing what the tests need into .venv, once …"
	@$(INSTALL) --editable clients/python --editable '.[test]'
	@touch $@

clients/javascript/node_modules/.made: clients/javascript/package-lock.json | tools
	@sh .ci/packages clients/javascript
	@touch $@

$(SCENE): examples/scene3d/package-lock.json | tools
	@sh .ci/packages examples/scene3d
	@touch $@

.venv/.made:
	@sh .ci/venv "$(PYTHON)"
	@touch $@
