"""A browser page that complains of nothing and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A browser page; an error, a broken policy, or a request for anything but the files opened fails the test."""
    made = browser.new_page(viewport={"width": 1280, "height": 800})
    said: list[str] = []
    made.on("console", lambda message: said.append(message.text) if message.type != "log" else None)
    made.on("pageerror", lambda error: said.append(str(error)))
    made.on(
        "request",
        lambda asked: (
            said.append(asked.url) if not asked.url.startswith(("file:", "data:", "blob:")) else None
        ),
    )
    made.set_default_timeout(20_000)
    yield made
    made.close()
    assert said == []
