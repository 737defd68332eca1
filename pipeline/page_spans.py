"""Page numbers as people write them."""

from __future__ import annotations

from collections.abc import Iterable


def page_spans(numbers: Iterable[int]) -> str:
    """Page numbers as short text: 1-3、5."""
    out: list[str] = []
    run: list[int] = []
    for number in [*sorted(set(numbers)), None]:
        if run and number != run[-1] + 1:
            out.append(str(run[0]) if run[0] == run[-1] else f"{run[0]}-{run[-1]}")
            run = []
        if number is not None:
            run.append(number)
    return "、".join(out)
