"""The review as one steward's session: the material shown, the decisions taken, what can be taken back."""

from __future__ import annotations

import datetime
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.editions.files import decisions_lock
from pipeline.errors import XizeError
from pipeline.job import Options
from pipeline.quality.correction_template import place_before
from pipeline.quality.corrections.file import Correction, load_corrections
from pipeline.quality.decisions import affected, keys_of, row_digest, who_decided, with_statuses
from pipeline.review import preview, progress, view, writing
from pipeline.review.lines import everywhere, printed
from pipeline.review.load import load
from pipeline.review.pictures import Pictures
from pipeline.review.rerun import Rerun
from pipeline.review.retidy import Tidier

_EVERYWHERE = ("replace", "split", "join", "drop")
"""Corrections of catalogue items that mean the same wherever the same stands."""

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
        options = replace(options, source=self.material.kind, by=by)
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
        findings = [{**row, "status": "open"} for row in material.findings]
        problem, seen, pages, waiting = "", set[str](), set[int](), 0
        try:
            findings = with_statuses(material.findings, self.folder)
            known = progress.load_progress(progress.review_path(self.folder))
            seen = progress.reviewed_findings(known, material.findings)
            pages = progress.reviewed_pages(known, material.kind, material.sha256)
            waiting = self._waiting()
        except XizeError as error:
            problem = str(error)
        made = view.state(material, findings, seen, pages)
        done = self._done[tab]
        last = done[-1].what if done else ""
        return {**made, "by": self.by, "problem": problem, "undo": last, "waiting": waiting}

    # Decisions

    def _entries(self, wanted: Mapping[str, Any], all_places: bool) -> list[dict[str, Any]]:
        """What is wanted at the one place, or at every place where the same stands. Raises XizeError."""
        one = dict(wanted)
        if not all_places:
            return [one]
        where = one.get("where")
        if not isinstance(where, dict) or "class" not in where or one.get("action") not in _EVERYWHERE:
            raise XizeError("只有目录条目的改文字、拆分、合并与删去可以用于所有相同之处：请逐处更正。")
        return everywhere(self.material, one)

    def _try(
        self, wanted: Sequence[Mapping[str, Any]], by: str
    ) -> tuple[list[tuple[Any, str]], list[Correction]]:
        """(entries with the comments above them, all corrections with them). Raises XizeError when one is not whole."""
        made = []
        for one in wanted:
            entry = writing.compose(one, by or self.by, datetime.date.today())
            comment = ""
            finding = self.material.by_id.get(str(entry.get("finding")))
            if "finding" in entry and finding is None:
                raise XizeError("没有这一发现：请重新载入本页。")
            if finding is not None:
                comment = f"{place_before(finding)}{finding['message']}"
                entry["evidence"] = row_digest(finding)
            made.append((entry, comment))
        _, _, corrections = writing.candidate(self.material.edition.corrections, made)
        return made, corrections

    def preview(self, wanted: Mapping[str, Any], by: str = "", all_places: bool = False) -> dict[str, Any]:
        """How the rows would become, at once for rows; {"question": n} for cells, whose answer comes later; "places":
        at how many places the same stands.

        Raises XizeError with the sentence that a run would give when the correction does not apply.
        """
        wanted = {**wanted, "reason": wanted.get("reason") or "预览"}
        entries = self._entries(wanted, all_places)
        _, corrections = self._try(entries, by)
        if corrections[-1].of_cells:
            preview.check_cells(self.material, corrections)
            return {"question": self._tidier.ask(corrections[:-1], corrections)}
        is_item = "class" in wanted["where"] and wanted.get("action") in _EVERYWHERE
        places = len(everywhere(self.material, dict(wanted))) if is_item else 1
        return self._apply(corrections, len(entries)) | {"places": places}

    def _apply(self, corrections: list[Correction], count: int = 1) -> dict[str, Any]:
        """What the last ``count`` corrections (of rows) change: in the reading where it is tidied already, else in the
        rows shown."""
        if self._tidier.knows(corrections):
            number = self._tidier.ask(corrections[:-count], corrections)
            answer = self._tidier.answer(number, _EXACT)
            if answer is not None and not answer.get("gone"):
                if "problem" in answer:
                    raise XizeError(str(answer["problem"]))
                return answer
        return preview.as_json(preview.of_published(self.material, corrections, count), "published")

    def warm(self) -> None:
        """Have the reading tidied in the background where there are corrections already: later ones are then tried on
        exactly what a run applies them to (the rows shown have the positions of after the earlier ones)."""
        corrections = load_corrections(self.material.edition.corrections)
        if corrections and not self._tidier.knows(corrections):
            self._tidier.ask(corrections, corrections)

    def lines(self, finding_id: str, cell_id: str) -> dict[str, Any]:
        """See :func:`lines.printed`: of a cell, as the finding ("" for none) means it. Raises KeyError."""
        named = keys_of(self.material.by_id[finding_id]) if finding_id else []
        corrections = load_corrections(self.material.edition.corrections)
        return printed(self.material, cell_id, named, corrections)

    def answer(self, number: int) -> dict[str, Any] | None:
        """The answer to a question of :meth:`preview`, None while it is worked on."""
        return self._tidier.answer(number)

    def _open(self, finding_ids: Sequence[str], *closed: str) -> list[dict[str, Any]]:
        """The findings as decided now, their rows that are left. Raises XizeError when a status is one of ``closed``."""
        rows = with_statuses([self.material.by_id[one] for one in finding_ids], self.folder)
        for row in rows:
            if row["status"] in closed:
                done = {"accepted": "接受", "corrected": "更正"}[row["status"]]
                raise XizeError(
                    f"该发现已由{who_decided(row, self.folder)}{done}，没有改动：要改请先撤销那项决定，或直接编辑文件。"
                )
        return rows

    def _written(self, written: writing.Written, tab: str, words: str) -> dict[str, Any]:
        """Remember a decision for undo; what it made of its findings, so that the page need not ask."""
        self._done[tab].append(written)
        rows = self._open(written.findings)
        now = {row["finding_id"]: {"status": row["status"], "rows": affected(row)} for row in rows}
        return {"words": words, "undo": written.what, "now": now, "waiting": self._waiting()}

    def _waiting(self) -> int:
        """How many corrections the rows shown do not know yet; 0 where that cannot be told."""
        path = self.material.edition.corrections
        later, told = preview.pending(path, load_corrections(path), self.material.applied)
        return len(later) if told else 0

    def correct(
        self, wanted: Mapping[str, Any], by: str = "", tab: str = "", all_places: bool = False
    ) -> dict[str, Any]:
        """Write one correction (at one place, or at all) to corrections.yaml, if it applies. Raises XizeError."""
        with self._guard, decisions_lock(self.folder):
            if wanted.get("finding") in self.material.by_id:
                self._open([wanted["finding"]], "accepted")
            entries, corrections = self._try(self._entries(wanted, all_places), by)
            if corrections[-1].of_cells:
                preview.check_cells(self.material, corrections)
            else:
                self._apply(corrections, len(entries))
            written = writing.write_corrections(self.material.edition.corrections, entries)
            return self._written(written, tab, f"已写入{written.path.name}：重新运行后生效。")

    def accept(self, finding_ids: Sequence[str], why: str, by: str = "", tab: str = "") -> dict[str, Any]:
        """Accept findings (one decision) in accepted.yaml. Raises XizeError, KeyError when there is no such finding."""
        if not why.strip() or not (by or self.by).strip():
            raise XizeError("接受一项发现须写明理由并署名：请填写理由，并在页首填写署名。")
        with self._guard, decisions_lock(self.folder):
            rows = self._open(finding_ids, "accepted", "corrected")
            if len(rows) > 1 and any(row["queue"] == "reading" for row in rows):
                raise XizeError("“可能读错”的发现不能成批接受：请逐项对照原文后再决定。")
            path = self.folder / "accepted.yaml"
            written = writing.write_acceptances(path, rows, why, by or self.by, datetime.date.today())
            return self._written(written, tab, "已接受。" if len(rows) == 1 else f"已接受{len(rows)}项。")

    def undo(self, tab: str = "") -> dict[str, Any]:
        """Take the last decision of ``tab`` back. Raises XizeError when there is none."""
        with self._guard:
            done = self._done[tab]
            if not done:
                raise XizeError("本页打开以来没有可撤销的决定：其他的决定请直接编辑文件。")
            written = done[-1]
            writing.take_back(written)
            done.pop()
            return {"words": f"已撤销：{written.what}。", "finding": next(iter(written.findings), None)}

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

    def run(self, publish: bool) -> bool:
        """Start a run; False when one is under way."""
        return self._rerun.start(publish)

    def run_status(self) -> dict[str, Any]:
        """How the run stands; once it has ended, the material is loaded anew before that is said."""
        status = self._rerun.status
        if status["status"] in ("tried", "published", "unchanged", "failed"):
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
