# make demo   train, export and verify a network          make test        lint, types, tests
# make test-slow   tests that take more than four seconds each, notebooks
# make fuzz   property tests with many more examples      make experiments the tables of docs/results
# make fuzz-readers   10 000 damaged files for every reader     make kills     commands killed at random
# make docs   the documentation site, in docs/_build/html     make check-release   what would be published
# make neurobench   our networks through its harness
# make lava netx peers nest   what `make test` tries to install beside axonal and does without, by name

export OMP_NUM_THREADS = 1
# A PYTHONPATH of the shell could put other packages before the ones installed here.
unexport PYTHONPATH
# A relative folder of data is relative to this one, also for what runs elsewhere (notebooks do).
ifneq ($(AXONAL_DATA),)
export AXONAL_DATA := $(abspath $(AXONAL_DATA))
endif
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
RUN := runs/demo
WORKERS ?= 2
PYTHONS ?= $(BIN)/python
TRAINED := src/axonal/recipes/trained
EXAMPLE := $(TRAINED)/digits
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt
LAVA_INSTALL := .venv-lava/bin/python -m pip install --disable-pip-version-check
PEERS_INSTALL := .venv-peers/bin/python -m pip install --disable-pip-version-check
NEUROBENCH_INSTALL := .venv-neurobench/bin/python -m pip install --disable-pip-version-check
DEFINITIONS := setup.cfg pyproject.toml constraints.txt
LAVA_NEEDS := import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 10))
SUPPORTED := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help demo test test-slow lint types pytest pytest-slow notebooks fuzz fuzz-readers kills \
        experiments example language-model docs check-release peers lava netx nest neurobench beside clean

help:
	@sed -n '1,7s/^# //p' Makefile

# Each interpreter is tried, because a version manager may leave a python3.11 that only fails.
# An environment that still runs is kept: pip then changes only what the definitions changed.
.venv/.created:
	@found=; if ! $(BIN)/python -c '$(SUPPORTED)' 2>/dev/null; then \
	    for python in python3.11 python3; do \
	        if $$python -c '$(SUPPORTED)' 2>/dev/null; then found=$$python; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "axonal needs Python 3.11 or newer with its venv module: neither python3.11 nor python3 on your PATH is one." >&2; \
	        exit 1; \
	    fi; \
	    echo "Creating .venv with $$found"; \
	    $$found -m venv --clear .venv || exit 1; \
	fi
	@touch $@

.venv/.train: .venv/.created $(DEFINITIONS)
	@echo "Installing axonal and what it needs into .venv; the first time takes some minutes."
	@$(INSTALL) -e '.[train]'
	@touch $@

.venv/.test: .venv/.train
	@echo "Installing what the checks need into .venv."
	@$(INSTALL) -e '.[train,test]'
	@touch $@

demo: .venv/.train
	$(BIN)/axonal train digits --out $(RUN) --force
	$(BIN)/axonal export $(RUN) --target graph --out $(RUN)/digits.h5
	$(BIN)/axonal verify $(RUN)/digits.h5
	@echo "The figures are in $(RUN)/figures:"
	@ls -1 $(RUN)/figures

test: lint types pytest

test-slow: pytest-slow notebooks

lint: .venv/.test
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check

types: .venv/.test
	$(BIN)/python -m mypy

# Two workers, a file to one of them; tests that start processes with a time limit are one group
# (tests/conftest.py).
pytest: .venv/.test beside
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow"

pytest-slow: .venv/.test beside
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m slow

notebooks: .venv/.test
	$(BIN)/python -m pytest -n $(WORKERS) --nbmake notebooks

fuzz: .venv/.test beside
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest tests

# Each reader is tried in a process of its own, which is ended when it hangs.
fuzz-readers: .venv/.test
	cd tests && ../$(BIN)/python -m fuzz --out ../docs/results/robustness.md

kills: .venv/.test
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/scripts/kills.py --out docs/results/kills.md

experiments: .venv/.test
	$(BIN)/python -m experiments

.venv/.docs: .venv/.test
	@echo "Installing what the documentation needs into .venv."
	@$(INSTALL) -e '.[train,test,docs]'
	@touch $@

# Notebooks and pages with code run; what did not change since the last time is taken from there.
docs: .venv/.docs
	$(BIN)/python -m sphinx -c docs -b html -W --keep-going . docs/_build/html
	@echo "The site is docs/_build/html/docs/index.html"

# Built, looked into, installed into an environment of its own and used there, with each of PYTHONS.
check-release: .venv/.test
	$(BIN)/python tests/scripts/release.py $(PYTHONS)

# What not every machine can have is tried. Without it the tests that need it are skipped and named
# at the end, unless AXONAL_REQUIRE insists on it.
beside: .venv/.test
	@for part in lava netx peers nest; do \
	    $(MAKE) --no-print-directory $$part && continue; \
	    case ",$$(echo "$$AXONAL_REQUIRE" | tr -d ' ')," in *,$$part,*) exit 1;; esac; \
	    echo "Going on without $$part: what needs it will not be checked." >&2; \
	done

# No build from source: it takes long, and needs a compiler and more.
nest: .venv/.nest

.venv/.nest: .venv/.test
	@$(BIN)/python -c 'import nest' >/dev/null 2>&1 || $(INSTALL) --only-binary nest-simulator nest-simulator
	@touch $@

# Peers are measured, and their networks imported by the tests, in an environment of their own: some
# of them would break this one. Their own needs are named one by one, because two of them ask for
# packages that replace torch. An environment that still runs is kept.
peers: .venv-peers/.installed

.venv-peers/.installed: .venv/.created constraints.txt
	@.venv-peers/bin/python -c '$(SUPPORTED)' 2>/dev/null || $(BIN)/python -m venv --clear .venv-peers
	$(PEERS_INSTALL) -c constraints.txt torch numpy numba scipy nir nirtorch pbr rich h5py \
	    matplotlib loguru tqdm packaging requests scikit-learn typer psutil lz4 zstandard polars==2.1.0
	$(PEERS_INSTALL) --no-deps spikingjelly==2.0.0 norse==1.1.0 snntorch==1.0.0 sinabs==3.1.3 \
	    dcls==0.1.1 aedat==2.3.0 event_stream==1.6.3 evlib==0.13.2 expelliarmus==1.1.12 faery==0.7.1 \
	    reservoirpy==0.4.2
	$(PEERS_INSTALL) -c constraints.txt tonic==1.7.0
	$(PEERS_INSTALL) --no-deps -e .
	@touch $@

# NeuroBench needs torchaudio and tonic, which no environment of ours has.
neurobench: .venv-neurobench/.installed
	$(BIN)/python -m experiments neurobench

.venv-neurobench/.installed: .venv/.test constraints.txt
	@.venv-neurobench/bin/python -c '$(SUPPORTED)' 2>/dev/null || $(BIN)/python -m venv --clear .venv-neurobench
	$(NEUROBENCH_INSTALL) -c constraints.txt torch numpy numba scipy tqdm rich h5py psutil
	$(NEUROBENCH_INSTALL) -c constraints.txt tonic==1.7.0 torchaudio
	$(NEUROBENCH_INSTALL) --no-deps snntorch==1.0.0 neurobench==2.3.0
	$(NEUROBENCH_INSTALL) --no-deps -e .
	@touch $@

# Lava needs Python 3.10. Each candidate is run: a python3.10 on the PATH may be a shim that fails.
lava: .venv-lava/.installed

.venv-lava/.installed:
	@found=; \
	for python in .venv-lava/bin/python python3.10 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.10*/bin/python \
	        "$$(uv python find 3.10 2>/dev/null)" /usr/bin/python3.10; do \
	    if "$$python" -c '$(LAVA_NEEDS)' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Lava needs Python 3.10 with its venv module; none of python3.10, pyenv's versions and uv's is one." >&2; \
	    echo "Install one (pyenv install 3.10, or uv python install 3.10), then: make lava" >&2; \
	    exit 1; \
	fi; \
	if [ "$$found" != .venv-lava/bin/python ]; then \
	    echo "Creating .venv-lava with $$found"; \
	    "$$found" -m venv --clear .venv-lava || exit 1; \
	fi
	@$(LAVA_INSTALL) lava-nc==0.10.0
	@.venv-lava/bin/python -c 'import lava.proc.lif.process'
	@touch $@

# Only the reader of files of lava-dl is used, which needs no torch: the rest of it stays idle.
netx: .venv-lava/.netx

.venv-lava/.netx: .venv-lava/.installed
	@$(LAVA_INSTALL) --no-deps lava-dl==0.6.0 h5py
	@touch $@

# The trained digits that ship with the package; they change with the recipe or the format only.
# Their cards are made by `python -m experiments._cards`.
example: .venv/.train
	$(BIN)/axonal train digits --out runs/example --force
	mkdir -p $(EXAMPLE) deploy/data
	cp runs/example/config.json runs/example/summary.json runs/example/model.pt \
	    runs/example/checksums.sha256 $(EXAMPLE)
	$(BIN)/axonal export runs/example --out deploy/data/digits.h5

# A language model, which has no graph: ten minutes of a processor
language-model: .venv/.train
	$(BIN)/axonal train spikegpt-char --updates 2500 --learning-rate 0.008 --warm-up 100 \
	    --out runs/spikegpt-char --force
	mkdir -p $(TRAINED)/spikegpt-char
	cd runs/spikegpt-char && cp config.json summary.json model.pt checksums.sha256 \
	    ../../$(TRAINED)/spikegpt-char

clean:
	rm -rf .venv .venv-lava .venv-peers build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src/axonal neuro hebbian reservoirs deploy datasets tests -name __pycache__ -type d \
	    -prune -exec rm -rf {} +
