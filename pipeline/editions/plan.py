"""What a run will work on: the edition and its source, verified, with the digest of all that the result rests on."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec

from pipeline.editions.edition import load_edition
from pipeline.job import Job, Options, code_digest, read_decisions


def _recogniser(kind: str) -> str:
    """Whether scans can be recognised: a result without and one with it are not the same."""
    return "ocr" if kind == "pdf" and find_spec("rapidocr") is not None else ""


def plan(options: Options) -> Job:
    """Verify the edition and its source. Raises XizeError (missing file or key, wrong checksum)."""
    edition = load_edition(options.home, options.edition)
    kind = edition.file(options.source).kind
    path, sha256 = edition.verify(kind)
    settled_by = edition.verify("docx") if edition.settling(kind) is not None else None
    digest = hashlib.sha256()
    for part in (
        sha256, settled_by[1] if settled_by else "", _recogniser(kind), code_digest(), kind, options.decoder, str(options.cross_check), str(options.allow_incomplete),
    ):  # fmt: skip
        digest.update(part.encode())
    decisions = read_decisions(edition.folder)
    for data in ((edition.folder / "source.yaml").read_bytes(), *decisions.values()):
        digest.update(b"-" if data is None else data)
    return Job(options, edition, kind, path, sha256, digest.hexdigest(), decisions, settled_by)
