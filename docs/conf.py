"""Sphinx configuration."""

from physmodel import __version__

project = "physmodel"
author = "the physmodel developers"
copyright = "2026, the physmodel developers"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"physmodel {__version__}"
napoleon_google_docstring = False
# Attributes are described with their class and are no targets: "path" or "units" would match them.
napoleon_use_ivar = True
# Two records may both have `parameters`: a plain word in a docstring need not point at either.
suppress_warnings = ["ref.python"]
autodoc_typehints = "description"
