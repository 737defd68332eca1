# Needs make and Python 3.11 or newer, nothing else: every target first installs what it uses into .venv.
#   make run     install, extract and publish the 2025 rulebook      make test       install and run the tests
#   make lint    make types    make test-long    make docs    make pictures    make bench    make bench-scale
#   make lock    make dist     make clean

EDITION ?= shanghai-2025
VENV ?= .venv
BIN := $(VENV)/bin

# The first of these that is new enough; another one by `make PYTHON=... run`.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3 python,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(name))))
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
# One stamp for what running needs, one for the tests' packages beside it; a .venv of another Python has neither.
RUNTIME := $(VENV)/.runtime-$(VERSION)
DEV := $(VENV)/.dev-$(VERSION)

.PHONY: run test test-long lint types docs pictures bench bench-scale lock dist clean install install-dev
.DELETE_ON_ERROR:

run: install
	@echo "3/3 读取、整理、校验、发布 $(EDITION)"
	@$(BIN)/xize run $(EDITION)
	@echo
	@echo "数据在 curated/$(EDITION)/ 下，latest.json 指明当前版本；接着可以试："
	@echo "  $(BIN)/xize sql \"select kind, count(*) as n from entries group by kind\""
	@echo "  $(BIN)/xize check --class 6101 --name 农作物植保员 --grade 4"

test: install-dev
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal -m "not long" $(PYTEST)

# What takes long: the whole way in the browser, on a cluster and through commands; the blocks of the docs; the wheel; the rows of
# 2025 compared with benchmarks/guard.json. A file stays with one worker, as its fixtures are whole runs.
test-long: install-dev
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile -m long --timeout 1800 $(PYTEST)

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/codespell

types: install-dev
	$(BIN)/mypy --strict pipeline flows expectations

docs: install-dev
	$(BIN)/python -m pipeline.docs

pictures: install-dev
	$(BIN)/python docs/pictures.py

# Peers have an environment of their own: nothing of it (PyMuPDF is AGPL) is part of xize. ROUNDS=1 is quicker.
ROUNDS ?= 5
PEERS := .venv-bench

bench: install-dev $(PEERS)/.installed
	$(BIN)/python benchmarks/run.py --edition $(EDITION) --rounds $(ROUNDS) --peers $(PEERS)/bin/python --write

# Fifty synthetic rulebooks on one and two Dask workers; a run that was stopped goes on where it was. DOCUMENTS=3 tries it.
DOCUMENTS ?= 50

bench-scale: install-dev
	$(BIN)/python benchmarks/scale.py --documents $(DOCUMENTS) --write

$(PEERS)/.installed: benchmarks/requirements.lock
	$(PYTHON) -m venv --clear $(PEERS)
	$(PEERS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# Exact versions with checksums, one set for every supported Python. The runtime's are those of the tests.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links

lock: install
	$(COMPILE) --all-extras pyproject.toml -o requirements-dev.lock
	$(COMPILE) --extra cluster --constraint requirements-dev.lock pyproject.toml -o requirements.lock
	$(COMPILE) requirements-install.in -o requirements-install.lock
	$(COMPILE) benchmarks/requirements.in -o benchmarks/requirements.lock

# A wheel in dist/.
dist: install
	$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python

# What was extracted stays: staged/ and curated/ are not touched.
clean:
	rm -rf .venv .venv-newest $(PEERS) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache benchmarks/out
	find pipeline flows expectations tests tools benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

install: $(RUNTIME)

install-dev: $(DEV)

# uv asks the index that pip was told to ask (a mirror, say).
UV_INSTALL = index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null); \
	$${index:+env UV_DEFAULT_INDEX="$$index"} $(BIN)/uv pip install --quiet --python $(BIN)/python

$(RUNTIME): requirements.lock requirements-install.lock pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "找不到Python 3.11或更新的版本：请先安装（如 apt-get install python3 python3-venv），或用 make PYTHON=路径 指明。"; \
		echo "Python 3.11 or newer was not found: install it, or name it with make PYTHON=..."; exit 1; } >&2
	@echo "1/3 建立虚拟环境 $(VENV)（Python $(VERSION)）"
	@test "$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$(VERSION)" \
		&& $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "无法建立虚拟环境$(VENV)：请先安装Python的venv模块（如 apt-get install python3-venv）。"; \
		echo "The virtual environment could not be made: install Python's venv module."; exit 1; } >&2
	@echo "2/3 安装依赖（首次下载约数百兆，视网速而定）"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements-install.lock
	@$(UV_INSTALL) --require-hashes --no-deps -r requirements.lock
	@$(UV_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "安装测试所用的依赖"
	@$(UV_INSTALL) --require-hashes --no-deps -r requirements-dev.lock
	@$(BIN)/uv pip check --quiet --python $(BIN)/python
	@touch $@
