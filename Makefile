# Two commands: `make demo` shows what rpz does, `make test` checks it. Each makes its own virtual
# environment; nothing else is needed but a C compiler and Python 3.10 or newer.

PYTHON ?= python3
NATIVE := $(shell find native -name '*.[ch]' -o -name '*.inc' -o -name CMakeLists.txt)
PYTHON_SOURCES := $(shell find rpz/ tracer packer unpackers provenance -name '*.py' -o -name '*.sql')

.PHONY: help demo test matrix lint format sanitize benchmark clean

help:  ## Show what can be made
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

demo: .venv-demo/ready  ## Trace, pack, unpack and run the bundled example, and compare the bytes
	@sh scripts/demo .venv-demo

test: .venv/ready build/sanitize/rpz-tracer  ## Run all tests
	@RPZ_SANITIZED_TRACER=$(CURDIR)/build/sanitize/rpz-tracer .venv/bin/python -m pytest $(PYTEST_ARGS)

matrix: .venv/ready  ## Replay real experiments with every backend, and print what came of it
	@RPZ_WHOLE_MATRIX=1 .venv/bin/python -m pytest -q -r fE tests/test_cases.py tests/test_accelerated_packs.py \
		$(PYTEST_ARGS)

lint: .venv/ready  ## Check style and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	MYPYPATH=benchmarks:typings .venv/bin/mypy benchmarks/*.py
	.venv/bin/clang-format --dry-run --Werror $(filter %.c %.h,$(NATIVE)) benchmarks/memory.c

format: .venv/ready  ## Put the code into the project's style
	.venv/bin/ruff format .
	.venv/bin/clang-format -i $(filter %.c %.h,$(NATIVE))

sanitize: build/sanitize/rpz-tracer  ## Build the tracer with the sanitizers

benchmark: .venv-demo/ready  ## Measure what tracing and packing cost
	.venv-demo/bin/python benchmarks/run.py

clean:  ## Remove what was made here
	rm -rf build .venv .venv-demo demo-output

.venv/ready: pyproject.toml $(NATIVE)
	@scripts/check-system $(PYTHON)
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --upgrade pip
	@.venv/bin/python -m pip install --quiet --editable . --group dev --group demo --group cases
	@touch $@

.venv-demo/ready: pyproject.toml $(NATIVE) $(PYTHON_SOURCES)
	@scripts/check-system $(PYTHON)
	@echo "Setting up .venv-demo (numpy, pandas and matplotlib too: this takes a minute) ..."
	@$(PYTHON) -m venv .venv-demo
	@.venv-demo/bin/python -m pip install --quiet --upgrade pip
	@.venv-demo/bin/python -m pip install --quiet . --group demo
	@touch $@

build/sanitize/rpz-tracer: $(NATIVE) | .venv/ready
	@.venv/bin/cmake -S native -B build/sanitize -DRPZ_SANITIZE=ON -DRPZ_WERROR=ON >/dev/null
	@.venv/bin/cmake --build build/sanitize --parallel 2 >/dev/null
