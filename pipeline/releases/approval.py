"""Four eyes: where source.yaml says ``approval: required``, a release becomes current once a second person approved it.

manifest.json then says so: {"approval": {"prepared_by": "李", "becomes_latest": true, "approved_by": "王", "approved_at": …}}.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.errors import XizeError
from pipeline.releases.catalogue import (
    Release,
    awaits_approval,
    damaged_files,
    find_release,
    read_manifest,
    release_names,
    set_latest,
    writing,
)
from pipeline.releases.storage import MARKER, dump_json, open_store


def approve(curated_url: str, edition: str, release: str | None, by: str) -> Release:
    """Approve a release (default: the last one that waits for it); it becomes the current one where it was meant to.

    Raises XizeError when none waits, when its files are not whole, and when ``by`` is who prepared it.
    """
    store = open_store(curated_url)
    if release is None:
        names = [
            name
            for name in release_names(store, edition)
            if awaits_approval(read_manifest(store, edition, name))
        ]
        if not names:
            raise XizeError(f"版本{edition}没有等待批准的发布：请用“xize releases {edition}”查看。")
        release = names[-1]
    with writing(store, edition):
        found = find_release(store, edition, release)
        if not awaits_approval(found.manifest):
            raise XizeError(f"{edition}@{release}不需要批准，或已经批准：请用“xize releases {edition}”查看。")
        known = dict(found.manifest["approval"])
        if not by.strip() or by.strip().casefold() == str(known["prepared_by"]).strip().casefold():
            raise XizeError(
                f"{edition}@{release}由{known['prepared_by']}发布，须由另一人批准：请用--by署上批准人的姓名。"
            )
        if damaged_files(store, edition, release):
            raise XizeError(
                f"{edition}@{release}的文件与清单不符，没有批准：请用“xize verify {edition}@{release}”查看。"
            )
        known |= {"approved_by": by.strip(), "approved_at": datetime.now(UTC).isoformat(timespec="seconds")}
        store.replace(f"{edition}/{release}/{MARKER}", dump_json({**found.manifest, "approval": known}))
        if known["becomes_latest"]:
            set_latest(store, edition, release)
    return find_release(store, edition, release)
