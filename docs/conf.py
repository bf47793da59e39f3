"""Settings of the documentation site. It is built without a network: no web fonts, no MathJax, no intersphinx."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from diffsem.version import __version__

project = "diffsem"
author = "The diffsem authors"
copyright = "The diffsem authors, Apache-2.0"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "generators.mathml",
    "generators.docstrings",
]
exclude_patterns = ["_build", "templates", "rendering"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
# Tutorials are shown with the outputs that are stored in them.
nb_execution_mode = "off"

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
# A single backtick of a docstring is code, as in Markdown.
default_role = "literal"
highlight_language = "none"
# Two hyphens begin an option: no dash is made of them.
smartquotes_action = "qe"
# What is typed, without the prompt and without what is answered.
copybutton_prompt_text = "$ "

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_use_ivar = True
# What Keras layers are called with, and what they give.
napoleon_custom_sections = [("Input", "params_style"), ("Output", "params_style")]

html_theme = "furo"
html_title = f"diffsem {__version__}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_theme_options = {"source_repository": "", "navigation_with_keys": True}
