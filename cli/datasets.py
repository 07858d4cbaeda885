"""``physmodel datasets``: the catalogue."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

import click

from physmodel.cli.support.outputs import FORCE, free_file

#: Characters beyond which the entries of a list stand on lines of their own.
LONG = 40


@click.group("datasets")
def command() -> None:
    """Curated measurements and simulated systems with known truth."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(as_json: bool) -> None:
    """One line for each dataset."""
    from physmodel.data import catalogue

    cards = [catalogue.card(name) for name in catalogue.names()]
    if as_json:
        rows = [{"id": card.id, "kind": card.kind, "title": card.title} for card in cards]
        click.echo(json.dumps({"schema_version": 1, "datasets": rows}, indent=1))
        return
    for card in cards:
        click.echo(_fitting(f"{card.id:<20}{card.kind:<12}{card.title}"))


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str, as_json: bool) -> None:
    """Everything known about a dataset."""
    from physmodel.data import catalogue

    card = catalogue.card(name)
    facts = {"id": card.id, "title": card.title, "kind": card.kind, **card.facts}
    if as_json:
        click.echo(json.dumps({"schema_version": 1, **facts}, indent=1, default=str))
        return
    _print(facts, "")


@command.command("verify", short_help="Compare files with the hashes in their cards.")
@click.argument("name", required=False)
def verify(name: str | None) -> None:
    """Compare files with the hashes in their cards; exit status 4 if one differs."""
    from physmodel.data import catalogue

    checked = catalogue.verify(name)
    for card in checked:
        click.echo(f"{card.id:<20}ok  sha256 {card.sha256}")
    if not checked:
        click.echo(f"{name} is simulated on demand: there is no file to verify", err=True)


@command.command("export")
@click.argument("name")
@click.option("-o", "--output", required=True, metavar="FILE.csv", help="File to write.")
@click.option(
    "--noise", type=float, help="Of a simulated set, relative to its spread; none by default."
)
@click.option("--seed", type=int, help="Of the noise; 0 by default.")
@FORCE
def export(name: str, output: str, noise: float | None, seed: int | None, force: bool) -> None:
    """Write a dataset as CSV."""
    from physmodel.atomic import write_atomic
    from physmodel.data import catalogue
    from physmodel.data.contract import variable_names

    target = free_file(output, force=force)
    given = {"noise": noise, "seed": seed}
    data = catalogue.load(name, **{key: value for key, value in given.items() if value is not None})
    frame = data[list(variable_names(data))].to_dataframe().drop(columns="time")
    frame.insert(0, "time", data["time"].values)
    units = {str(name): data[name].attrs.get("units", "") for name in frame.columns}
    frame.columns = [
        name if unit in ("", "1") else f"{name} [{unit}]" for name, unit in units.items()
    ]
    click.echo(f"wrote {write_atomic(target, frame.to_csv(index=False))}", err=True)


def _fitting(line: str) -> str:
    """A line cut to the width of the terminal; whole where something else reads it."""
    width = shutil.get_terminal_size().columns
    cut = sys.stdout.isatty() and len(line) > width
    return line[: width - 3].rstrip() + "..." if cut else line


def _print(value: Any, indent: str) -> None:
    """A table as indented lines; entries that say nothing are left out."""
    for key, item in value.items():
        if item in ("", [], (), {}, None):
            continue
        if isinstance(item, dict):
            click.echo(f"{indent}{key}:")
            _print(item, indent + "  ")
        elif isinstance(item, list) and isinstance(item[0], dict):
            click.echo(f"{indent}{key}:")
            for row in item:
                told = [str(v) for k, v in row.items() if k != "name" and v != ""]
                click.echo(f"{indent}  {row.get('name', '-')}: {', '.join(told)}")
        elif isinstance(item, list) and any(len(str(part)) > LONG for part in item):
            click.echo(f"{indent}{key}:")
            for part in item:
                click.echo(f"{indent}  - {part}")
        else:
            text = ", ".join(map(str, item)) if isinstance(item, list) else str(item).strip()
            first, *rest = text.splitlines()
            click.echo(f"{indent}{key}: {first}")
            for line in rest:
                click.echo(f"{indent}{' ' * (len(key) + 2)}{line}")
