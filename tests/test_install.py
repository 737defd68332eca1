"""Installed from the wheel into an empty environment, as the Dockerfile does it, in an empty home."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.cli_home import EDITION, print_rulebook, small_truth

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")

pytestmark = pytest.mark.long


def _ran(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "XIZE", "PREFECT"))
    }
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """bin/ of a new environment that holds what the lock says, and the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "src"
    for name in ("pipeline", "flows", "expectations"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    _ran(UV, "venv", "-q", "-p", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    for lock in ("requirements-install.lock", "requirements.lock"):
        _ran(
            UV, "pip", "install", "-q", "--python", python, "--require-hashes", "--no-deps", "-r", ROOT / lock
        )
    _ran(
        UV,
        "build",
        "-q",
        "--wheel",
        "--no-build-isolation",
        "--python",
        python,
        "-o",
        folder / "dist",
        cwd=source,
    )
    shutil.rmtree(source)
    [wheel] = (folder / "dist").glob("xize-*.whl")
    _ran(UV, "pip", "install", "-q", "--python", python, "--no-deps", wheel)
    _ran(UV, "pip", "check", "-q", "--python", python)
    return python.parent


@pytest.fixture(scope="module")
def home(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in which `xize add` and `xize run` were called."""
    folder = tmp_path_factory.mktemp("empty")
    rulebook = print_rulebook(small_truth(), tmp_path_factory.mktemp("print") / "rulebook.pdf")
    _ran(installed / "xize", "add", EDITION, rulebook, cwd=folder)
    assert "数据：" in _ran(installed / "xize", "run", EDITION, cwd=folder)
    return folder


def test_everything_comes_with_the_wheel(installed: Path, home: Path) -> None:
    release = home / "curated" / EDITION / "r001"
    assert (release / "browse.html").is_file() and (release / "validation" / "index.html").is_file()
    query = "select count(*) as n from entries"
    assert json.loads(_ran(installed / "xize", "sql", query, "-f", "json", cwd=home))[0]["n"] > 100
    _ran(installed / "xize", "export", EDITION, "--xlsx", "a.xlsx", "--sqlite", "a.db", cwd=home)
    _ran(installed / "xize", "publish-site", "site", cwd=home)
    told = "from importlib.metadata import files; print(*(str(one) for one in files('xize')))"
    names = _ran(installed / "python", "-c", told, cwd=home)
    assert "licenses/LICENSE" in names and "pipeline/py.typed" in names


@contextmanager
def _started(command: list[str | Path], home: Path, health: str, **variables: str) -> Iterator[None]:
    """A server that answers at ``health``, ended at the end."""
    environment = {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(list(map(str, command)), cwd=home, env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(health, timeout=5).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < until
                time.sleep(0.3)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:  # Prefect's worker may wait long for what it serves
            server.kill()
            server.wait()


def test_the_health_checks_of_the_containers_answer(installed: Path, home: Path) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    match = re.search(r"(?s)HEALTHCHECK.*?CMD (\[.*?\])\n", dockerfile)
    assert match
    check = json.loads(match[1])
    check[0] = str(installed / "python")
    command = json.loads(re.findall(r"(?m)^CMD (\[.*\])$", dockerfile)[-1])
    command[0] = str(installed / "xize")
    command = ["127.0.0.1" if word == "0.0.0.0" else word for word in command]
    for asked, url in (
        ([*command, "--port", "18088"], "http://127.0.0.1:18088/health"),
        ([installed / "xize", "serve", "--port", "14200"], "http://127.0.0.1:14200/api/health"),
    ):
        with _started(asked, home, url, XIZE_API_TOKEN="a-token-for-this-test"):
            _ran(*check, HEALTH_URL=url)
        with pytest.raises(AssertionError):
            _ran(*check, HEALTH_URL=url)


def test_a_worker_runs_the_deployment_of_prefect_yaml(installed: Path, home: Path, tmp_path: Path) -> None:
    own = tmp_path / "home"
    shutil.copytree(home / "raw", own / "raw")
    prefect = installed / "prefect"
    variables = {
        "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": "http://127.0.0.1:14201/api", "XIZE_HOME": str(own),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PATH": f"{installed}:{os.environ['PATH']}",
    }  # fmt: skip
    server = [prefect, "server", "start", "--host", "127.0.0.1", "--port", "14201"]
    with _started(server, own, f"{variables['PREFECT_API_URL']}/health", **variables):
        compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
        steps = compose["services"]["worker"]["command"][-1].replace(
            "/config/prefect.yaml", str(ROOT / "prefect.yaml")
        )
        *before, worker = [step.strip().removeprefix("exec ") for step in steps.split("&&")]
        for step in before:
            _ran(*step.split(), cwd=own, **variables)
        with _started(worker.split(), own, "http://127.0.0.1:8080/health", **variables):
            asked = [
                "deployment",
                "run",
                "publish_edition/publish",
                "--param",
                f"edition={EDITION}",
                "--watch",
            ]
            _ran(prefect, *asked, cwd=own, **variables)
    assert (own / "curated" / EDITION / "latest.json").is_file()


def test_the_dockerfile_is_built_or_linted() -> None:
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0:
        _ran(docker, "build", "--quiet", ROOT)
        return
    hadolint = shutil.which("hadolint") or Path(sys.executable).with_name("hadolint")
    if not Path(hadolint).is_file():
        pytest.skip("neither a Docker daemon nor hadolint (make install-dev)")
    _ran(hadolint, ROOT / "Dockerfile")
