"""The review as one steward's session: the material shown, the decisions taken, what can be taken back."""

from __future__ import annotations

import datetime
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.editions.files import decisions_lock
from pipeline.errors import XizeError
from pipeline.job import Options
from pipeline.quality.correction_template import place_before
from pipeline.quality.corrections.file import Correction, load_corrections
from pipeline.quality.decisions import row_digest, who_decided, with_statuses
from pipeline.review import preview, progress, view, writing
from pipeline.review.load import load
from pipeline.review.pictures import Pictures
from pipeline.review.rerun import Rerun
from pipeline.review.retidy import Tidier

_EXACT = 3.0
"""Seconds to wait for an answer that needs no tidying."""


class Session:
    """What the routes call. Every method may be called from any thread; decisions are taken one after the other.

    ``tab`` names the tab of the browser that asks: only its own decisions can be taken back there.
    """

    def __init__(self, options: Options, by: str, release: str | None = None) -> None:
        self.by = by
        self._options = options
        self._guard = threading.RLock()
        self._done: defaultdict[str, list[writing.Written]] = defaultdict(list)
        self._loaded_run = ""
        self.material = load(options, release)
        self.pictures = Pictures(self.material)
        options = replace(options, source=self.material.kind)
        self._tidier = Tidier(replace(options, workers=1, publish=False))
        self._rerun = Rerun(options)

    def close(self) -> None:
        """End every thread and process of the session."""
        self.pictures.close()
        self._tidier.close()
        self._rerun.close()

    @property
    def folder(self) -> Path:
        """raw/<edition>"""
        return self.material.edition.folder

    def state(self, tab: str = "") -> dict[str, Any]:
        """See :func:`view.state`; with the steward's name and what ``tab`` can take back."""
        material = self.material
        path = material.edition.corrections
        findings = [{**row, "status": "open"} for row in material.findings]
        problem, seen, pages, waiting = "", set[str](), set[int](), 0
        try:
            findings = with_statuses(material.findings, self.folder)
            known = progress.load_progress(progress.review_path(self.folder))
            seen = progress.reviewed_findings(known, material.findings)
            pages = progress.reviewed_pages(known, material.kind, material.sha256)
            corrections = load_corrections(path)
            if not preview.edited_by_hand(path, corrections, material.applied):
                waiting = len(preview.pending(path, corrections, material.applied))
        except XizeError as error:
            problem = str(error)
        made = view.state(material, findings, seen, pages)
        done = self._done[tab]
        last = done[-1].what if done else ""
        return {**made, "by": self.by, "problem": problem, "undo": last, "waiting": waiting}

    def page(self, number: int) -> dict[str, Any]:
        """See :func:`view.page`; the neighbours' pictures are rendered meanwhile."""
        made = view.page(self.material, number)
        if self.material.pictured:
            self.pictures.ahead((number, number + 1, number - 1))
        return made

    # Decisions

    def _try(self, wanted: Mapping[str, Any], by: str) -> tuple[Any, list[Correction], str]:
        """(entry, all corrections with it, comment above it). Raises XizeError when it is not whole."""
        entry = writing.compose(wanted, by or self.by, datetime.date.today())
        comment = ""
        finding = self.material.by_id.get(str(entry.get("finding")))
        if "finding" in entry and finding is None:
            raise XizeError("没有这一发现：请重新载入本页。")
        if finding is not None:
            comment = f"{place_before(finding)}{finding['message']}"
            entry["evidence"] = row_digest(finding)
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

    def _open(self, finding_id: str, *closed: str) -> Mapping[str, Any]:
        """The finding as decided now, its rows that are left. Raises XizeError when its status is one of ``closed``."""
        (row,) = with_statuses([self.material.by_id[finding_id]], self.folder)
        if row["status"] in closed:
            done = {"accepted": "接受", "corrected": "更正"}[row["status"]]
            raise XizeError(
                f"该发现已由{who_decided(row, self.folder)}{done}，没有改动：要改请先撤销那项决定，或直接编辑文件。"
            )
        return row

    def correct(self, wanted: Mapping[str, Any], by: str = "", tab: str = "") -> dict[str, Any]:
        """Write one entry to corrections.yaml, if it applies. Raises XizeError."""
        with self._guard, decisions_lock(self.folder):
            if wanted.get("finding") in self.material.by_id:
                self._open(wanted["finding"], "accepted")
            entry, corrections, comment = self._try(wanted, by)
            if corrections[-1].of_cells:
                preview.check_cells(self.material, corrections)
            else:
                self._apply(corrections)
            written = writing.write_correction(self.material.edition.corrections, entry, comment)
            self._done[tab].append(written)
            return {"words": f"已写入{written.path.name}：重新运行后生效。"}

    def accept(self, finding_id: str, why: str, by: str = "", tab: str = "") -> dict[str, Any]:
        """Accept a finding in accepted.yaml. Raises XizeError, KeyError when there is no such finding."""
        if not why.strip() or not (by or self.by).strip():
            raise XizeError("接受一项发现须写明理由并署名：请填写理由，并在页首填写署名。")
        with self._guard, decisions_lock(self.folder):
            row = self._open(finding_id, "accepted", "corrected")
            path = self.folder / "accepted.yaml"
            written = writing.write_acceptance(path, [row], why, by or self.by, datetime.date.today())
            self._done[tab].append(written)
            return {"words": "已接受。"}

    def undo(self, tab: str = "") -> dict[str, Any]:
        """Take the last decision of ``tab`` back. Raises XizeError when there is none."""
        with self._guard:
            done = self._done[tab]
            if not done:
                raise XizeError("本页打开以来没有可撤销的决定：其他的决定请直接编辑文件。")
            written = done[-1]
            writing.take_back(written)
            done.pop()
            return {"words": f"已撤销：{written.what}。", "finding": written.finding}

    def mark_finding(self, finding_id: str, reviewed: bool, by: str = "") -> None:
        """Mark a finding as looked at. Raises XizeError, KeyError."""
        with self._guard:
            row = self.material.by_id[finding_id]
            progress.mark_finding(progress.review_path(self.folder), row, self._mark(reviewed, by))

    def mark_page(self, number: int, reviewed: bool, by: str = "") -> None:
        """Mark a page as looked at. Raises XizeError, KeyError."""
        with self._guard:
            material = self.material
            if not 1 <= number <= len(material.pages):
                raise KeyError(number)
            path = progress.review_path(self.folder)
            progress.mark_page(path, material.kind, material.sha256, number, self._mark(reviewed, by))

    def _mark(self, reviewed: bool, by: str) -> dict[str, str] | None:
        return progress.mark(by or self.by, datetime.date.today()) if reviewed else None

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
        fresh = load(self._options)
        old, self.material = self.pictures, fresh
        self.pictures = Pictures(fresh)
        old.close()
