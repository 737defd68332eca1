"""The one exception that reaches a user: a sentence that says what is wrong, where, and what to do."""

from __future__ import annotations


class XizeError(Exception):
    """A failure that the user can mend.

    ``str(error)`` is one clear Chinese sentence naming file, page and remedy; ``exit_code`` is what the command
    line exits with (never 0). Nothing published before is touched when it is raised.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
