# Two commands are all a newcomer needs:  make demo  and  make test
PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test test-slow docs gpaw lint typing clean

demo: $(VENV)/installed-demo  ## Li-In and Li-Sn: hulls, voltages, figures, comparison with the paper, in demo/
	@test -f demo/lianode.toml || $(BIN)/lianode init demo
	$(BIN)/lianode run examples/hansel2021.yaml --project demo --figures demo/figures --published hansel2021
	$(BIN)/lianode compare hansel2021 --project demo --csv > demo/hansel2021.csv
	$(BIN)/lianode compare hansel2021 --project demo
	@echo "figures: demo/figures   comparison: demo/hansel2021.csv   results store: demo/lianode.db"

test: $(VENV)/installed-test  ## All tests that take no more than seconds each
	$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist loadfile

gpaw: $(VENV)/installed-gpaw  ## The open DFT engine, from source

test-slow: $(VENV)/installed-test  ## The rest: whole campaigns with a real potential
	$(BIN)/python -m pytest -m slow -n $(JOBS) --dist loadfile

docs: $(VENV)/installed-test  ## The site with tutorials and reference, in build/docs/; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -j $(JOBS) -c docs/site -d build/doctrees docs build/docs
	@echo "open build/docs/index.html"

lint: $(VENV)/installed-test typing  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# mypy looks for lianode/structures, lianode/analysis...: links give it the folders under their installed names
typing:
	@mkdir -p .cache/typing/lianode
	@for folder in structures analysis workflows hpc cli; do \
		ln -sfn ../../../$$folder .cache/typing/lianode/$$folder; done

$(VENV)/installed-demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[mlip]'
	@touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[mlip,mp,vasp,cluster,fast,hdf5,parquet,dev,test-servers,peers,browser,serve,docs]'
	@touch $@ $(VENV)/installed-demo

# built from source: its system packages are in docs/gpaw.md
$(VENV)/installed-gpaw: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[gpaw]'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "lianode needs Python 3.11 to 3.13; name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "this Python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv"; exit 2; }

clean:
	rm -rf $(VENV) .cache build demo docs/reference *.egg-info
