"""Whether a release that somebody received is the one that was published: its files against its manifest, offline."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipeline.releases.catalogue import PENDING, Release, damaged_files
from pipeline.releases.storage import MARKER, Store


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
