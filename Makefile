# Bellwether: `make run` and `make test` need only Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run serve test check bench simulations lock clean

run: $(VENV)/run.stamp
	$(BIN)/python app.py

# The same under gunicorn, as the container serves it.
serve: $(VENV)/run.stamp
	$(BIN)/gunicorn

# In two processes; without threads of their own, which would only wait for each other.
test: check
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

# How often the statistics are right: the tables of docs/simulations.md. Its matrices are small,
# and threads that share them only wait for each other.
simulations: $(VENV)/dev.stamp
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m simulations

# Pins every dependency with its hashes, for every platform, and names no registry.
lock: $(VENV)/dev.stamp
	$(BIN)/pip install --quiet uv
	for name in requirements requirements-dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command "make lock" \
	    $$name.in --output-file $$name.txt || exit 1; done

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt tests/browser/install.sh | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	sh tests/browser/install.sh $(BIN)/playwright
	touch $@ $(VENV)/run.stamp
