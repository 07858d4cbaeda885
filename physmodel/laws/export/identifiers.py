"""Names that any programming language takes, from names in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable

from physmodel.problem.algebra.printing import greek


def identifiers(names: Iterable[str], reserved: Collection[str]) -> dict[str, str]:
    """A different identifier of ASCII letters, digits and underscores for each name.

    Accents are left out, Greek letters are spelled, letters of other scripts are numbered, and
    words of the language get an underscore.

    Returns
    -------
    dict of str to str
    """
    taken, found = set(reserved), dict[str, str]()
    for name in names:
        text = "".join(_ascii(c) for c in unicodedata.normalize("NFKD", name))
        text = text if text[:1].isalpha() else f"v{text}"
        while text in taken:
            text += "_"
        taken.add(text)
        found[name] = text
    return found


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter if letter.isalnum() else "_"
    if unicodedata.combining(letter):
        return ""
    return greek(letter) or f"u{ord(letter):x}"
