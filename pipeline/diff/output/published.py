"""What changed since a release was published, as the file that the next release carries: changes.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.diff.compare import compare
from pipeline.diff.output.terminal import as_json, loud
from pipeline.diff.side import Side
from pipeline.releases.catalogue import Release, load_release

if TYPE_CHECKING:
    import pyarrow as pa


def changes_since(
    home: Path, before: Release, manifest: Mapping[str, Any], tables: Mapping[str, pa.Table]
) -> bytes:
    """The changes from ``before`` to ``tables``, in the form of ``xize diff --format json``.

    ``manifest`` is the new release's, as far as it is known. Raises XizeError when ``before`` cannot be read.
    """
    earlier = load_release(before.url, before.edition, before.release)
    sides = (
        Side(before.edition, before.release, earlier, before.manifest, home),
        Side(manifest["edition"], manifest["release"], tables, manifest, home),
    )
    return as_json(loud(compare(*sides)))
