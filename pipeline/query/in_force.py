"""Which edition is in force on a day, by what the releases tell of their editions."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from pipeline.editions.names import validate_name
from pipeline.errors import XizeError
from pipeline.releases.catalogue import Release


def in_force(releases: Sequence[Release], on: datetime.date) -> list[str]:
    """The edition in force on a day of every jurisdiction that has one; ``releases``: one of each edition, in order.

    It is the one whose effective_from is the latest not after that day; of several the later by its name. One that
    another of them supersedes is none of them. An edition without a date is never in force. Raises XizeError where no
    edition is.

    Example::

        in_force(releases, datetime.date(2026, 3, 1))  # ["shanghai-2026"]
    """
    begun = [one for one in releases if (_start(one) or "9999") <= on.isoformat()]
    found: dict[str, Release] = {}
    for one in _not_superseded(begun):
        place = validate_name(one.edition).jurisdiction
        if place not in found or (_start(one) or "") >= (_start(found[place]) or ""):
            found[place] = one
    if not found:
        said = "、".join(
            f"{one.edition}{f'自{_start(one)}起施行' if _start(one) else '没有写明effective_from'}"
            for one in releases
        )
        raise XizeError(
            f"{on}没有生效的版本（{said}）：请在source.yaml中写明effective_from后重新运行，或改用--edition。"
        )
    return [one.edition for one in found.values()]


def judging(releases: Sequence[Release], on: datetime.date | None = None) -> str:
    """The one edition that judges a list: the one in force on a day; without a day today's, or, where no edition in force
    is dated, the latest of those without a date.

    Raises XizeError where there are several jurisdictions, or no such edition.

    Example::

        judging(releases)  # "shanghai-2026"
    """
    if len({validate_name(one.edition).jurisdiction for one in releases}) > 1:
        names = "、".join(one.edition for one in releases)
        raise XizeError(f"已发布的版本属于不同地区（{names}）：请用--edition指明按哪个版本核对。")
    undated = [one.edition for one in releases if _start(one) is None]
    try:
        return in_force(releases, on or datetime.date.today())[0]
    except XizeError:
        if on is not None or not undated:
            raise
        return undated[-1]


def _start(release: Release) -> str | None:
    return release.facts["effective_from"]


def _not_superseded(releases: Sequence[Release]) -> Iterable[Release]:
    gone = {one.facts["supersedes"] for one in releases}
    return [one for one in releases if one.edition not in gone] or releases
