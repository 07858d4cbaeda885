"""Where a result comes from: data, command, date and hash, for the head of its page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from physmodel.laws.answer import Answer
from physmodel.laws.files.manifest import manifest_of
from physmodel.laws.files.storage import DATA
from physmodel.laws.texts.naming import source_of
from physmodel.version import __version__

#: What a manifest says about the run beside its files.
FACTS = ("command", "date")


def now() -> str:
    """Date and time in UTC; that of ``SOURCE_DATE_EPOCH`` where a build is to be reproducible."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdecimal() else datetime.now(UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def facts_of_run(folder: str | Path) -> dict[str, str]:
    """Command, date and hash of the data that the manifest of a run names."""
    table = manifest_of(Path(folder))
    files = table.get("files")
    known = {**table, DATA: files.get(DATA) if isinstance(files, dict) else ""}
    return {key: str(known[key]) for key in (*FACTS, DATA) if known.get(key)}


def origin(result: Answer, facts: Mapping[str, str]) -> str:
    """A paragraph: what made the result from what, and when."""
    pieces = [f"physmodel {escape(__version__)}, search {escape(result.solver_code)}"]
    source = source_of(result.data)
    if source:
        pieces.append(f"data {escape(source)}")
    if facts.get("command"):
        pieces.append(f"<code>{escape(facts['command'])}</code>")
    pieces.append(escape(facts.get("date") or now()))
    if facts.get(DATA):
        pieces.append(f"{DATA} sha256 <code>{escape(facts[DATA])}</code>")
    return f'<p class="muted">{"; ".join(pieces)}</p>'
