"""What every build script ends with: compare with the datacard, or, when asked, update both."""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
from pathlib import Path

DATASETS = Path(__file__).resolve().parents[1]


def finish(name: str, script: str, content: bytes) -> None:
    """Check a rebuilt data file against its card.

    Parameters
    ----------
    name : str
        Identifier of the data set.
    script : str
        The ``__file__`` of the build script.
    content : bytes
        The rebuilt file.

    Raises
    ------
    SystemExit
        If a hash differs and ``--update`` was not given.
    """
    card_path = DATASETS / f"{name}.toml"
    text = card_path.read_text(encoding="utf-8")
    card = tomllib.loads(text)
    target = DATASETS / card["file"]
    new = {
        card["sha256"]: hashlib.sha256(content).hexdigest(),
        card["transform"]["sha256"]: hashlib.sha256(Path(script).read_bytes()).hexdigest(),
    }
    same = all(old == now for old, now in new.items())
    if "--update" in sys.argv[1:]:
        for old, now in new.items():
            text = re.sub(re.escape(f'"{old}"'), f'"{now}"', text)
        target.write_bytes(content)
        card_path.write_text(text, encoding="utf-8")
        print(f"{target.name}: {len(content)} bytes written, card {'kept' if same else 'updated'}")
        return
    if not same:
        changes = "\n".join(f"  card {a}\n  now  {b}" for a, b in new.items() if a != b)
        raise SystemExit(
            f"{name}: the rebuilt file or its script is not the one the card names\n{changes}\n"
            "If the change is meant, raise the version in the card and run again with --update."
        )
    if not target.exists() or target.read_bytes() != content:
        raise SystemExit(f"{target.name} on disk is not the file the card names; use --update")
    print(f"{name}: rebuilt, identical to the card ({len(content)} bytes)")
