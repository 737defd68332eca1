"""Two small editions as a steward has them: printed PDFs under raw/, the second with another item and another order."""

from __future__ import annotations

import copy
from pathlib import Path

from pipeline.editions.add import add_edition
from tests.quality.truth_tables import truth
from tests.typeset.build import typeset
from tests.typeset.content import excerpt
from tests.typeset.layout import Layout

OLD, NEW = "demo-2025", "demo-2026"
KEPT, CHANGED = "插花花艺师(五级/初级)", "花艺环境设计师(五级/初级)"


def make_home(home: Path) -> Path:
    """raw/demo-2025 and raw/demo-2026 under ``home``: classes of one 专业大类 and two annexes, some four pages each."""
    (home / "raw").mkdir(parents=True)
    small = excerpt(truth(), classes=2, annex_rows=5, sections=1, annexes=3)
    later = copy.deepcopy(small)
    cell = later["sections"][0]["classes"][0]["cells"]["skill"]["初级"]
    cell[cell.index(CHANGED)] = "花艺环境设计师(五级/初级工)"
    for name, document in ((OLD, small), (NEW, later)):
        path = home / f"{name}.pdf"
        typeset(document, Layout(name), path)
        add_edition(home, name, path, title=document["title"])
    return home
