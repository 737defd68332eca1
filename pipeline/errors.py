"""The one exception that reaches a user: a sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping


class XizeError(Exception):
    """A failure that the user can mend.

    ``str(error)`` is one clear Chinese sentence naming file, page and remedy; ``exit_code`` is what the command
    line exits with (never 0). Nothing published before is touched when it is raised.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class UnknownName(XizeError):
    """What was asked for by name (an edition, a release, a class) is not there; the sentence says what is."""


def raise_failures(failures: Mapping[str, Exception], *, single: bool = False) -> None:
    """Raise one XizeError for all that failed, by name; none where ``failures`` is empty.

    ``single``: only one was asked for, it need not be named. An error that is no XizeError is raised as it is.

    >>> raise_failures({"a-2025": XizeError("甲。"), "b-2025": XizeError("乙。")})
    Traceback (most recent call last):
    pipeline.errors.XizeError: a-2025：甲；b-2025：乙。
    """
    known = {name: error for name, error in failures.items() if isinstance(error, XizeError)}
    for name, error in failures.items():
        if name not in known or single:
            raise error
    if known:
        sentence = "；".join(f"{name}：{str(error).rstrip('。')}" for name, error in known.items())
        raise XizeError(f"{sentence}。", exit_code=max(error.exit_code for error in known.values()))


def for_each(names: Iterable[str], work: Callable[[str], object], *, single: bool = False) -> None:
    """Do ``work`` for every name (once): one that fails keeps none of the others back. Raises as :func:`raise_failures`."""
    failures: dict[str, Exception] = {}
    for name in dict.fromkeys(names):
        try:
            work(name)
        except XizeError as error:
            failures[name] = error
    raise_failures(failures, single=single)
