"""``xize serve`` as a steward starts it."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from pipeline.errors import XizeError
from tests.flows.conftest import EDITION
from tests.flows.prefect_home import command


@pytest.mark.parametrize(
    ("cron", "timezone"),
    [("every monday", "Asia/Shanghai"), ("0 3 * *", "UTC"), ("0 3 * * 1", "Mars/Olympus")],
)
def test_a_schedule_that_means_nothing_is_refused(prefect_server: None, cron: str, timezone: str) -> None:
    from flows.serve import schedule_of

    with pytest.raises(XizeError, match="定时"):
        schedule_of(cron, timezone)
    assert schedule_of("0 3 * * 1", "Asia/Shanghai").timezone == "Asia/Shanghai"


@pytest.mark.long
def test_serving_offers_every_edition_and_ends_when_asked(with_database: None, home: Path) -> None:
    import httpx
    import psutil

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begin = time.monotonic()
    serving = command(home, "serve", "--port", str(port), "--cron", "0 3 * * 1")
    assert serving.stdout is not None
    try:
        assert serving.stdout.readline().startswith(f"http://127.0.0.1:{port}")
        assert time.monotonic() - begin < 10  # long before the server answers
        until, found = time.monotonic() + 120, {}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", trust_env=False, timeout=60) as client:
            while len(found) < 2 and time.monotonic() < until and serving.poll() is None:
                time.sleep(0.3)
                try:
                    answer = client.post("/deployments/filter", json={})
                except httpx.ConnectError:
                    continue
                found = {one["name"]: one for one in answer.raise_for_status().json()}
            assert client.get("/../").status_code == 200  # the pages, too
        assert set(found) == {EDITION, "all"}
        assert found["all"]["schedules"][0]["schedule"]["cron"] == "0 3 * * 1"
        assert found[EDITION]["parameters"] == {"edition": EDITION, "home": str(home)}
        # A second one on the same port is refused, and says so.
        second = command(home, "serve", "--port", str(port))
        assert f"端口{port}已被占用" in second.communicate(timeout=60)[1] and second.returncode == 2
        children = psutil.Process(serving.pid).children(recursive=True)
        serving.send_signal(signal.SIGTERM)
        _, said = serving.communicate(timeout=60)
        assert serving.returncode == 0 and "Traceback" not in said, said
        _, alive = psutil.wait_procs(children, timeout=1)
        assert children and not alive
    finally:
        serving.kill()
        serving.wait()
