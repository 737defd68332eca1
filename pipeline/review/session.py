"""The review as one steward's session: the material shown, the decisions taken, what can be taken back."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.errors import XizeError
from pipeline.job import Options
from pipeline.quality.corrections.file import Correction, decided_findings, load_corrections
from pipeline.quality.decisions import load_accepted, row_statuses
from pipeline.review import model, preview, progress, view, writing
from pipeline.review.pictures import Pictures
from pipeline.review.rerun import Rerun
from pipeline.review.retidy import Tidier

_EXACT = 3.0
"""Seconds to wait for an answer that needs no tidying."""


class Session:
    """What the routes call. Every method may be called from any thread; decisions are taken one after the other."""

    def __init__(
        self,
        home: Path,
        edition: str,
        by: str,
        release: str | None = None,
        curated: str | None = None,
        password: str = "",
        allow_incomplete: bool = False,
    ) -> None:
        self.home, self.edition, self.by = home, edition, by
        self._curated, self._password = curated, password
        self._guard = threading.RLock()
        self._done: list[writing.Written] = []
        self._loaded_run = ""
        self.material = model.load(home, edition, release, curated, password)
        self.pictures = Pictures(self.material)
        options = Options(
            home, edition, self.material.kind, password=password, workers=1, publish=False, curated=curated
        )
        self._tidier = Tidier(options)
        self._rerun = Rerun(replace(options, workers=None, publish=True, allow_incomplete=allow_incomplete))

    def close(self) -> None:
        """End every thread and process of the session."""
        self.pictures.close()
        self._tidier.close()
        self._rerun.close()

    @property
    def folder(self) -> Path:
        """raw/<edition>"""
        return self.material.edition.folder

    def state(self) -> dict[str, Any]:
        """See :func:`view.state`; with the steward's name and what can be taken back."""
        material = self.material
        problem = ""
        states: dict[str, str] = {}
        seen: set[str] = set()
        pages: set[int] = set()
        waiting = 0
        try:
            named = decided_findings(self.folder / "corrections.yaml")
            states = row_statuses(material.findings, load_accepted(self.folder / "accepted.yaml"), named)
            known = progress.load_progress(progress.review_path(self.folder))
            seen = progress.reviewed_findings(known, material.findings)
            pages = progress.reviewed_pages(known, material.kind, material.sha256)
            corrections = load_corrections(material.edition.corrections)
            if not preview.edited_by_hand(material.edition.corrections, corrections, material.applied):
                waiting = len(preview.pending(material.edition.corrections, corrections, material.applied))
        except XizeError as error:
            problem = str(error)
        findings = [{**row, "status": states.get(row["finding_id"], "open")} for row in material.findings]
        made = view.state(material, findings, seen, pages)
        last = self._done[-1].what if self._done else ""
        return {**made, "by": self.by, "problem": problem, "undo": last, "waiting": waiting}

    def page(self, number: int) -> dict[str, Any]:
        """See :func:`view.page`; the neighbours' pictures are rendered meanwhile."""
        made = view.page(self.material, number)
        if self.material.kind != "transcript":
            self.pictures.ahead((number, number + 1, number - 1))
        return made

    # Decisions

    def _today(self) -> datetime.date:
        return datetime.date.today()

    def _try(self, wanted: Mapping[str, Any], by: str) -> tuple[Any, list[Correction], str]:
        """(entry, all corrections with it, comment above it). Raises XizeError when it is not whole."""
        entry = writing.compose(wanted, by or self.by, self._today())
        comment = ""
        finding = self.material.by_id.get(str(entry.get("finding")))
        if "finding" in entry and finding is None:
            raise XizeError("没有这一发现：请重新载入本页。")
        if finding is not None:
            place = f"第{finding['page']}页 " if finding["page"] is not None else ""
            place = place or (f"第{finding['line']}行 " if finding["line"] is not None else "")
            comment = f"{place}{finding['message']}"
        _, _, corrections = writing.candidate(self.material.edition.corrections, entry, comment)
        return entry, corrections, comment

    def preview(self, wanted: Mapping[str, Any], by: str = "") -> dict[str, Any]:
        """How the rows would become, at once for rows; {"question": n} for cells, whose answer comes later.

        Raises XizeError with the sentence that a run would give when the correction does not apply.
        """
        _, corrections, _ = self._try({**wanted, "reason": wanted.get("reason") or "预览"}, by)
        if corrections[-1].of_cells:
            preview.check_cells(self.material, corrections)
            return {"question": self._tidier.ask(corrections[:-1], corrections)}
        return self._apply(corrections)

    def _apply(self, corrections: list[Correction]) -> dict[str, Any]:
        """What the last correction (of rows) changes: in the reading where it is tidied already, else in the rows shown."""
        if self._tidier.knows(corrections):
            number = self._tidier.ask(corrections[:-1], corrections)
            answer = self._tidier.answer(number, _EXACT)
            if answer is not None and not answer.get("gone"):
                if "problem" in answer:
                    raise XizeError(str(answer["problem"]))
                return answer
        return preview.as_json(preview.of_published(self.material, corrections), "published")

    def warm(self) -> None:
        """Have the reading tidied in the background where there are corrections already: later ones are then tried on
        exactly what a run applies them to (the rows shown have the positions of after the earlier ones)."""
        corrections = load_corrections(self.material.edition.corrections)
        if corrections and not self._tidier.knows(corrections):
            self._tidier.ask(corrections, corrections)

    def answer(self, number: int) -> dict[str, Any] | None:
        """The answer to a question of :meth:`preview`, None while it is worked on."""
        return self._tidier.answer(number)

    def correct(self, wanted: Mapping[str, Any], by: str = "") -> dict[str, Any]:
        """Write one entry to corrections.yaml, if it applies. Raises XizeError."""
        with self._guard:
            entry, corrections, comment = self._try(wanted, by)
            if corrections[-1].of_cells:
                preview.check_cells(self.material, corrections)
            else:
                self._apply(corrections)
            written = writing.write_correction(self.material.edition.corrections, entry, comment)
            self._done.append(written)
            return {"words": f"已写入{written.path.name}：重新运行后生效。"}

    def accept(self, finding_id: str, why: str, by: str = "") -> dict[str, Any]:
        """Accept a finding in accepted.yaml. Raises XizeError, KeyError when there is no such finding."""
        with self._guard:
            row = self.material.by_id[finding_id]
            if not why.strip() or not (by or self.by).strip():
                raise XizeError("接受一项发现须写明理由并署名：请填写理由，并在页首填写署名。")
            path = self.folder / "accepted.yaml"
            written = writing.write_acceptance(path, [row], why, by or self.by, self._today())
            self._done.append(written)
            return {"words": "已接受。"}

    def undo(self) -> dict[str, Any]:
        """Take the last decision of this session back. Raises XizeError when there is none."""
        with self._guard:
            if not self._done:
                raise XizeError("本次打开以来没有可撤销的决定：更早的决定请直接编辑文件。")
            written = self._done[-1]
            writing.take_back(written)
            self._done.pop()
            return {"words": f"已撤销：{written.what}。", "finding": written.finding}

    def mark_finding(self, finding_id: str, reviewed: bool, by: str = "") -> None:
        """Mark a finding as looked at. Raises XizeError, KeyError."""
        with self._guard:
            row = self.material.by_id[finding_id]
            path = progress.review_path(self.folder)
            progress.mark_finding(path, row, reviewed, by or self.by, self._today())

    def mark_page(self, number: int, reviewed: bool, by: str = "") -> None:
        """Mark a page as looked at. Raises XizeError, KeyError."""
        with self._guard:
            material = self.material
            if not 1 <= number <= len(material.pages):
                raise KeyError(number)
            path = progress.review_path(self.folder)
            progress.mark_page(
                path, material.kind, material.sha256, number, reviewed, by or self.by, self._today()
            )

    # Running again

    def run(self) -> bool:
        """Start a run; False when one is under way."""
        return self._rerun.start()

    def run_status(self) -> dict[str, Any]:
        """How the run stands; once it has ended, the material is loaded anew before that is said."""
        status = self._rerun.status
        if status["status"] in ("published", "unchanged", "failed"):
            with self._guard:
                if self._loaded_run != repr(status):
                    self._reload()
                    self._loaded_run = repr(status)
        elif status["status"] == "running":
            self._loaded_run = ""
        return status

    def _reload(self) -> None:
        """The material of the last run."""
        fresh = model.load(self.home, self.edition, None, self._curated, self._password)
        old, self.material = self.pictures, fresh
        self.pictures = Pictures(fresh)
        old.close()
