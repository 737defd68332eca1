# Needs make and Python 3.11, nothing else: every target installs what it uses into .venv first.
#   make run     install, extract and publish the 2025 rulebook      make test    install and run the tests
#   make lint    make types    make docs    make pictures    make bench    make bench-scale    make lock    make clean

EDITION ?= shanghai-2025
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The first of these that is Python 3.11; another one by `make PYTHON=... run`.
PYTHON ?= $(firstword $(foreach name,python3.11 python3 python,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1 && echo $(name))))

.PHONY: run test lint types docs pictures bench bench-scale lock clean install
.DELETE_ON_ERROR:

run: install
	@$(BIN)/xize run $(EDITION)
	@echo
	@echo "数据在 curated/$(EDITION)/ 下，latest.json 指明当前版本；接着可以试："
	@echo "  $(BIN)/xize sql \"select kind, count(*) as n from entries group by kind\""
	@echo "  $(BIN)/xize check --class 6101 --name 农作物植保员 --grade 4"

test: install
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal $(PYTEST)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy --strict pipeline flows expectations

docs: install
	$(BIN)/python -m pipeline.docs

pictures: install
	$(BIN)/python docs/pictures.py

# Peers have an environment of their own: nothing of it (PyMuPDF is AGPL) is part of xize. ROUNDS=1 is quicker.
ROUNDS ?= 5
PEERS := .venv-bench

bench: install $(PEERS)/.installed
	$(BIN)/python benchmarks/run.py --edition $(EDITION) --rounds $(ROUNDS) --peers $(PEERS)/bin/python --write

# Fifty synthetic rulebooks on one and two Dask workers; a run that was stopped goes on where it was. DOCUMENTS=3 tries it.
DOCUMENTS ?= 50

bench-scale: install
	$(BIN)/python benchmarks/scale.py --documents $(DOCUMENTS) --write

$(PEERS)/.installed: benchmarks/requirements.lock
	$(PYTHON) -m venv --clear $(PEERS)
	$(PEERS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# Only this target needs uv: exact versions with checksums of everything that is installed.
lock:
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --all-extras pyproject.toml -o requirements.lock

# What was extracted stays: staged/ and curated/ are not touched.
clean:
	rm -rf $(VENV) $(PEERS) build *.egg-info .pytest_cache .mypy_cache .ruff_cache benchmarks/out
	find pipeline flows expectations tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "找不到Python 3.11：请先安装（如 apt-get install python3.11 python3.11-venv），或用 make PYTHON=路径 指明。"; \
		echo "Python 3.11 was not found: install it, or name it with make PYTHON=..."; exit 1; } >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "无法建立虚拟环境$(VENV)：请先安装Python的venv模块（如 apt-get install python3.11-venv）。"; \
		echo "The virtual environment could not be made: install Python's venv module."; exit 1; } >&2
	@echo "正在安装依赖，首次约需两三分钟……"
	@$(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@# On all processors, where pip would use one. Templates that are no Python do not compile, and need not.
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check --disable-pip-version-check >/dev/null || $(BIN)/python -m pip check
	@touch $@
