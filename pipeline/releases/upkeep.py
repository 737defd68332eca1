"""What is done with releases once they are published: verified, approved, rolled back to, pruned."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pipeline.editions.names import validate_name
from pipeline.errors import XizeError
from pipeline.releases.catalogue import (
    PENDING,
    Release,
    awaits_approval,
    damaged_files,
    editions_in,
    find_release,
    latest_name,
    read_manifest,
    release_names,
    release_number,
    set_latest,
    writing,
)
from pipeline.releases.storage import MARKER, Store, dump_json, open_store


def release_faults(store: Store, release: Release) -> list[str]:
    """One Chinese sentence per fault of a release: a file that is missing, another one, or that no manifest names.

    Raises XizeError when there is no manifest to go by.
    """
    edition, name, record = release.edition, release.release, release.manifest
    base, files = f"{edition}/{name}", dict(record.get("files") or {})
    faults = []
    if (record.get("edition"), record.get("release")) != (edition, name):
        told = f"{record.get('edition')}@{record.get('release')}"
        faults.append(f"{base}的清单说它是{told}：文件夹放错了地方，或清单被换过，请向发布者核对。")
    if not files:
        faults.append(f"{base}的清单没有列出任何文件：请向发布者重新索取。")
    for path in damaged_files(store, edition, name):
        if store.exists(f"{base}/{path}"):
            faults.append(f"{base}/{path}与清单登记的校验和不符：请向发布者重新索取。")
        else:
            faults.append(f"{base}/{path}不见了：请向发布者重新索取。")
    known = {*files, MARKER, PENDING}
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents}
    for folder in sorted(folders | {"."}):
        for child in store.names(base if folder == "." else f"{base}/{folder}"):
            path = child if folder == "." else f"{folder}/{child}"
            if path not in known | folders:
                faults.append(f"{base}/{path}不在清单中：不是发布的一部分，请删去或向发布者核对。")
    return faults


def approve(url: str | Path, edition: str, release: str | None, by: str) -> Release:
    """Approve a release (default: the last one that waits for it); it becomes the current one where it was meant to.

    Four eyes: where source.yaml says ``approval: required``, a release becomes current once a second person approved it.
    manifest.json then says so:
    {"approval": {"prepared_by": "李", "becomes_latest": true, "approved_by": "王", "approved_at": …}}.
    Raises XizeError when none waits, when its files are not whole, and when ``by`` is who prepared it.
    """
    store = open_store(url)
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


def rollback(url: str | Path, edition: str, release: str) -> Release:
    """Point latest.json to ``release``; nothing is deleted. XizeError when it is missing or damaged."""
    store = open_store(url)
    record = read_manifest(store, edition, release)
    damaged = damaged_files(store, edition, release)
    if damaged:
        raise XizeError(f"发布{edition}@{release}已损坏（{'、'.join(damaged[:3])}）：请选用其他发布。")
    with writing(store, edition):
        # An interrupted publish must not take the place back on the next run.
        for other in release_names(store, edition):
            store.remove(f"{edition}/{other}/{PENDING}")
        set_latest(store, edition, release)
    return Release(edition, release, store.url, record, is_latest=True, changed=True)


def _taught(store: Store, edition: str) -> set[str]:
    """The releases of an edition that releases of other editions learned from."""
    every = [(other, name) for other in editions_in(store) for name in release_names(store, other)]
    used = [record for place in every for record in read_manifest(store, *place).get("used", ())]
    return {one["release"] for one in used if one["role"] == "learned" and one["edition"] == edition}


def prune(url: str | Path, edition: str, keep: int = 5) -> tuple[str, ...]:
    """Delete all but the newest ``keep`` releases, never the latest or one that another release learned from, and what
    interrupted publishes left.

    Returns the names of what was deleted. Raises XizeError.
    """
    if keep < 1:
        raise XizeError("--keep至少为1：请给出要保留的发布个数。")
    validate_name(edition)
    store = open_store(url)
    if not store.names(edition):
        raise XizeError(f"{store.url}中没有版本{edition}的发布：请用“xize releases”查看。")
    with writing(store, edition):
        latest = latest_name(store, edition)
        whole = release_names(store, edition)
        unfinished = [
            name for name in store.names(edition) if release_number(name) is not None and name not in whole
        ]
        kept = {latest, *_taught(store, edition)}
        doomed = [name for name in (*whole[:-keep], *unfinished) if name not in kept]
        for name in doomed:
            store.remove(f"{edition}/{name}")
    return tuple(doomed)
