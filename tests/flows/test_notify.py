"""A run that fails, or publishes with doubts, tells a webhook of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import XizeError
from tests.flows.conftest import EDITION


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What was posted to the webhook."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing to say."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("XIZE_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_that_fails_is_told(prefect_server: None, home: Path, hook: list[dict[str, Any]]) -> None:
    from flows.editions import publish_edition

    with pytest.raises(XizeError):
        publish_edition(EDITION, home)
    assert [(one["event"], one["edition"], one["release"]) for one in hook] == [("failed", EDITION, None)]
    assert "没有发布" in hook[0]["text"] and hook[0]["run"] == f"publish-{EDITION}"


@pytest.mark.long
def test_doubts_are_told_once(prefect_server: None, single: Path, hook: list[dict[str, Any]]) -> None:
    from flows.editions import publish_edition

    outcome = publish_edition(EDITION, single, allow_incomplete=True)
    assert outcome.release is not None
    assert [(one["event"], one["release"]) for one in hook] == [("doubtful", "r001")]
    assert "xize review" in hook[0]["text"]
    publish_edition(EDITION, single, allow_incomplete=True)  # nothing changed: nothing to tell
    assert len(hook) == 1


@pytest.mark.long
def test_nobody_listens(
    prefect_server: None, single: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from flows.editions import publish_edition

    monkeypatch.setenv("XIZE_WEBHOOK", "http://127.0.0.1:9/hook")
    with caplog.at_level("WARNING"):
        outcome = publish_edition(EDITION, single, allow_incomplete=True)
    assert outcome.release is not None and outcome.changed
    assert "没有通知到XIZE_WEBHOOK" in caplog.text
