"""Loading one side of a comparison: ``shanghai-2025`` (its latest release) or ``shanghai-2025@r001``."""

from __future__ import annotations

from pathlib import Path

from pipeline.diff.model import Side
from pipeline.errors import XizeError
from pipeline.releases.catalogue import curated_url, latest_name, load_release, parse_pin, read_manifest
from pipeline.releases.storage import open_store


def load_side(home: Path, spec: str, curated: str | None = None) -> Side:
    """The release that ``spec`` names (``EDITION`` or ``EDITION@RELEASE``; default: the latest) with all its tables.

    ``curated``: folder or URL of the releases (default: curated/ under ``home``). Raises XizeError when ``spec`` is
    no such name, or when there is no such release, or it cannot be read.
    """
    edition, release = parse_pin(spec)
    url = curated_url(home, curated)
    store = open_store(url)
    release = release or latest_name(store, edition)
    if release is None:
        raise XizeError(f"版本{edition}没有当前发布：请先运行“xize run {edition}”。")
    manifest = read_manifest(store, edition, release)
    folder = f"{store.url.rstrip('/')}/{edition}/{release}"
    return Side(edition, release, load_release(url, edition, release), manifest, folder)
