"""``physmodel show``: print the law of a run, also as source text."""

from __future__ import annotations

from collections.abc import Callable

import click


@click.command("show")
@click.argument("run", metavar="RUN")
@click.option(
    "--as",
    "form",
    type=click.Choice(["text", "python", "c", "julia", "latex", "json"]),
    default="text",
    show_default=True,
    help="A function of time and state that gives the rates, in a language; or how to print it.",
)
def command(run: str, form: str) -> None:
    """Print the law in the folder RUN.

    As python, c or julia it is a function that needs nothing but the mathematical functions of
    the language: `physmodel show run --as c > rates.c`.
    """
    from physmodel.cli.support.runs import law_of
    from physmodel.laws.files.storage import json_text

    law = law_of(run)
    forms: dict[str, Callable[[], str]] = {
        "text": lambda: str(law),
        "python": law.to_python,
        "c": law.to_c,
        "julia": law.to_julia,
        "latex": law.to_latex,
        "json": lambda: json_text(law.to_dict(run)),
    }
    click.echo(forms[form]().rstrip("\n"))
