"""What a job needs to be done on another machine: its source's url and the edition's small files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.editions.download import fetch
from pipeline.editions.files import replace_file
from pipeline.errors import XizeError
from pipeline.job import Job, code_digest

OTHER_PROGRAM = "工作进程与发起运行的机器所装xize不同：请在各机安装同一版本后再运行。"


@dataclass(frozen=True)
class Parcel:
    """A job for a machine without the home folder: the url of its source, the digest of the program that is to run.

    ``files``: the edition's YAML files, the Word file that settles it, and the record of how its source was read, by their
    place in the home.
    """

    job: Job
    url: str
    code: str
    files: dict[str, bytes]

    @classmethod
    def of(cls, job: Job, record: Path, curated: str) -> Parcel:
        """A job with the ``record`` of its reading, to be published at the url ``curated`` by one process."""
        home, folder = job.options.home, job.edition.folder
        files = files_under(home, [*folder.glob("*.yaml"), record])
        if job.settled_by is not None:
            path, sha256 = job.settled_by
            place = folder / path.name
            files |= {place.relative_to(home).as_posix(): path.read_bytes()}
            job = replace(job, settled_by=(place, sha256))
        options = replace(job.options, curated=curated, workers=1)
        url = job.edition.file(job.kind).url or str(job.path.resolve())
        return cls(replace(job, options=options), url, code_digest(), files)

    def fetched(self) -> Path:
        """The source on this machine. Raises XizeError, also when another program runs here."""
        if self.code != code_digest():
            raise XizeError(OTHER_PROGRAM)
        return fetch(self.url, self.job.sha256)

    @contextmanager
    def unpacked(self) -> Iterator[Job]:
        """The job in a temporary home of its own. Messages name the steward's home, not that one."""
        with tempfile.TemporaryDirectory(prefix="xize-home-") as name:
            home, job = Path(name), self.job
            write_files(home, self.files)
            options, edition = replace(job.options, home=home), replace(job.edition, home=home)
            beside = job.settled_by and (edition.folder / job.settled_by[0].name, job.settled_by[1])
            try:
                yield replace(
                    job, options=options, edition=edition, path=self.fetched(), settled_by=beside
                )  # fmt: skip
            except XizeError as error:
                message = str(error).replace(name, str(job.options.home))
                raise type(error)(message, error.exit_code) from error


def files_under(home: Path, paths: Iterable[Path]) -> dict[str, bytes]:
    """The files among ``paths`` by their place in the home."""
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def write_files(home: Path, files: dict[str, bytes]) -> None:
    """Put such files in their place under ``home``, each in one step."""
    for name, data in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        replace_file(home / name, data)
