"""Recognise coordinates of several bodies by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PATTERNS = (
    re.compile(r"^(?P<body>[A-Za-z]\w*?)_(?P<axis>[xyzXYZ])$"),  # Sun_x
    re.compile(r"^(?P<axis>[xyzXYZ])_?(?P<body>\d+)$"),  # x1, x_1
    re.compile(r"^(?P<axis>[xyzXYZ])_(?P<body>[A-Za-z]\w*)$"),  # x_Sun
)


def recognise_bodies(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Group names such as ``Sun_x, Sun_y, Earth_x, ...`` or ``x1, y1, x2, y2`` by body.

    Returns
    -------
    dict of str to tuple of str
        Coordinates in the order x, y, z; empty unless the names are exactly the coordinates, two
        or three each, of two or more bodies.
    """
    for pattern in _PATTERNS:
        bodies: dict[str, dict[str, str]] = {}
        for name in names:
            match = pattern.match(name)
            if match is None:
                break
            label = match["body"] if not match["body"].isdigit() else f"body{match['body']}"
            bodies.setdefault(label, {})[match["axis"].lower()] = name
        else:
            axes = {tuple(sorted(found)) for found in bodies.values()}
            if len(bodies) > 1 and axes <= {("x", "y"), ("x", "y", "z")} and len(axes) == 1:
                return {
                    body: tuple(found[a] for a in sorted(found)) for body, found in bodies.items()
                }
    return {}
