# Every target makes what it needs: a fresh clone needs only python3 (3.11 or newer) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
INPUTS := pyproject.toml setup.cfg constraints.txt

.PHONY: demo test lint docs bench clean
.DELETE_ON_ERROR:

# Discover the law of gravitation and the masses of the planets; prints the path of report.html.
demo: $(VENV)/.stamp-run
	$(BIN)/physmodel discover solar-system -o runs/solar-system

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.stamp-docs
	$(BIN)/python -m sphinx -W -b html docs docs/_build/html
	@echo docs/_build/html/index.html

bench: $(VENV)/.stamp-dev
	$(BIN)/physmodel bench discovery

# The environment in .venv stays: removing it costs a download of torch.
clean:
	rm -rf build dist *.egg-info docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp-run: $(INPUTS) | $(BIN)/python
	@echo "installing physmodel into $(VENV) (half a minute the first time)"
	$(PIP) -e .
	@touch $@

$(VENV)/.stamp-dev: $(INPUTS) | $(BIN)/python
	@echo "installing physmodel and its tools into $(VENV) (torch is large: one to three minutes the first time)"
	$(PIP) -e '.[test,lint]'
	@touch $@ $(VENV)/.stamp-run

$(VENV)/.stamp-docs: $(VENV)/.stamp-dev
	$(PIP) -e '.[docs]'
	@touch $@
