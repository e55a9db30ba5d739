"""Errors that are the user's to mend."""

from __future__ import annotations


class InputError(ValueError):
    """Something the user wrote cannot be used.

    The command line prints it as one sentence and ends with exit code 2; nothing has been started.
    A traceback means a bug in lianode, an ``InputError`` never does.

    Parameters
    ----------
    message
        What is wrong and what would be right.
    where
        The file, line or key it is about, printed in front of the message.
    """

    def __init__(self, message: str, where: str | None = None) -> None:
        self.message = message
        self.where = where
        super().__init__(f"{where}: {message}" if where else message)


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Return the hint `` (did you mean 'x'?)`` for the nearest known word, or an empty string.

    Parameters
    ----------
    word
        What the user wrote.
    known
        What would have been understood.
    """
    from difflib import get_close_matches

    lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6)
    return f" (did you mean '{lower[close[0]]}'?)" if close else ""
