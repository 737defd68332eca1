"""The releases that are served: opened once, and anew when other ones are published."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from pipeline import __version__
from pipeline.errors import XizeError
from pipeline.query.catalogue import Catalog
from pipeline.releases.catalogue import editions_in, latest_name
from pipeline.releases.storage import open_store

_LOOK_EVERY = 1.0
"""Seconds after which it is looked whether other releases are current."""


@dataclass(frozen=True)
class Shown:
    """A catalogue, the tag of its answers (the same releases give the same), and what keeps newer releases from being shown."""

    catalog: Catalog
    etag: str
    problem: str | None = None


class Served:
    """The current releases at ``url``, for many threads at once. Raises XizeError when there is none to begin with."""

    def __init__(self, url: str) -> None:
        self.store = open_store(url)
        self._lock = Lock()
        self._current = self._current_names()
        self._shown = self._open()
        self._looked = time.monotonic()

    def now(self) -> Shown:
        """What is current now. A release that cannot be opened leaves the ones before in place."""
        if time.monotonic() - self._looked >= _LOOK_EVERY and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked = time.monotonic()
                self._lock.release()
        return self._shown

    def tagged(self, request: Request, make: Callable[[Catalog], Any]) -> Response:
        """What ``make`` says of the current releases, with their tag; 304 where the client has it already."""
        shown = self.now()
        headers = {"ETag": shown.etag, "Cache-Control": "no-cache"}
        known = request.headers.get("if-none-match", "")
        if shown.etag in known.replace("W/", "").replace(" ", "").split(","):
            return Response(status_code=304, headers=headers)
        return JSONResponse(make(shown.catalog), headers=headers)

    def _look(self) -> None:
        try:
            found = self._current_names()
            if found != self._current:
                # The catalogue before is not closed: requests that began with it end with it.
                self._shown, self._current = self._open(), found
            elif self._shown.problem:
                self._shown = Shown(self._shown.catalog, self._shown.etag)
        except (XizeError, OSError) as error:
            self._shown = Shown(self._shown.catalog, self._shown.etag, str(error))

    def _current_names(self) -> dict[str, str | None]:
        return {edition: latest_name(self.store, edition) for edition in editions_in(self.store)}

    def _open(self) -> Shown:
        catalog = Catalog(self.store.url)
        told = json.dumps([__version__, dict(catalog.releases)])
        return Shown(catalog, f'"{hashlib.sha256(told.encode()).hexdigest()[:20]}"')
