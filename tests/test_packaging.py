"""The lock pins everything that pyproject.toml asks for, with checksums, and names no place to get it from."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = {
    name: (ROOT / name).read_text("utf-8")
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-install.lock")
}


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def _pinned(lock: str) -> dict[str, list[str]]:
    """Name → versions in a lock (more than one where the platform decides)."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", LOCKS[lock]):
        pins.setdefault(canonicalize_name(name), []).append(version)
    return pins


def test_the_lock_has_every_requirement_in_a_version_that_fits() -> None:
    project, pins = _project(), _pinned("requirements-dev.lock")
    wanted = [
        *project["dependencies"],
        *(r for extra in project["optional-dependencies"].values() for r in extra),
    ]
    assert len(wanted) > 20
    for requirement in map(Requirement, wanted):
        versions = pins.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement}: run make lock"
        assert all(requirement.specifier.contains(version, prereleases=True) for version in versions), (
            requirement
        )


def test_what_runs_is_what_was_tested() -> None:
    runtime, tested = _pinned("requirements.lock"), _pinned("requirements-dev.lock")
    assert len(runtime) > 100
    assert {name: tested.get(name) for name in runtime} == runtime
    assert not {"pytest", "mypy", "ruff"} & set(runtime)


@pytest.mark.parametrize(
    ("lock", "least"),
    [("requirements.lock", 100), ("requirements-dev.lock", 100), ("requirements-install.lock", 2)],
)
def test_every_pin_has_checksums(lock: str, least: int) -> None:
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", LOCKS[lock])[1:]
    assert len(blocks) > least
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_a_lock_names_no_host_and_no_path(lock: str) -> None:
    assert not re.search(r"https?:|file:|(?m:^-)|index-url|find-links|@ ", LOCKS[lock])
    assert not re.search(r"(?<![\w.])/[a-z]+/", LOCKS[lock])


@pytest.mark.parametrize(
    "target", ["run", "test", "test-long", "lint", "types", "docs", "bench", "clean", "lock", "dist"]
)
def test_make_knows_its_targets(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_make_says_what_is_missing_without_python(tmp_path: Path) -> None:
    for name in ("Makefile", *LOCKS, "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    done = subprocess.run(
        ["make", "run", "PYTHON="], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "Python 3.11" in done.stderr and not (tmp_path / ".venv").exists()


def test_a_wheel_has_the_data_files_of_the_package(tmp_path: Path) -> None:
    copy = tmp_path / "source"
    files = subprocess.run(
        ["git", "ls-files", "pipeline", "flows", "expectations", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    if not files:
        pytest.skip("not a git checkout")
    for name in files:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    program = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", program], cwd=copy, capture_output=True, check=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    code = {name for name in files if name.startswith(("pipeline/", "flows/", "expectations/"))}
    assert code <= packed, code - packed


def test_what_the_code_imports_is_what_running_installs() -> None:
    owners, pins = packages_distributions(), _pinned("requirements.lock")
    optional = {
        canonicalize_name(Requirement(one).name) for one in _project()["optional-dependencies"]["ocr"]
    }
    missing = {}
    for path in (
        path for room in ("pipeline", "flows", "expectations") for path in (ROOT / room).rglob("*.py")
    ):
        for module in _imported(ast.parse(path.read_text("utf-8"))):
            distributions = {canonicalize_name(name) for name in owners.get(module, [module])}
            if not distributions & (pins.keys() | optional):
                missing[module] = path.name
    assert not missing


def _imported(tree: ast.Module) -> set[str]:
    """The top-level modules of others that a module imports anywhere."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    found = {name.partition(".")[0] for name in names}
    return found - sys.stdlib_module_names - {"pipeline", "flows", "expectations"}
