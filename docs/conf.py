"""Sphinx configuration."""

from physmodel.version import __version__

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
autodoc_typehints = "description"
