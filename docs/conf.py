"""The documentation site: the files under docs/, the notebooks, and pages made from the package.

``make docs`` builds it; nothing is fetched from a network, neither by the build nor by its pages.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "Axonal"
author = "the developers of Axonal"
language = "en"
extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "_site.reference",
    "_site.command_line",
    "_site.links",
    "_site.mathml",
    "_site.llms",
]

# the root of the repository is the source, so that links between its files lead to pages
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "benchmarks/RESULTS.md",
    "docs/*.md",
    "docs/**/*.md",
    "notebooks/*.ipynb",
]
exclude_patterns = ["docs/_build/**", "docs/_site/**"]

myst_enable_extensions = ["colon_fence", "dollarmath", "fieldlist"]
myst_heading_anchors = 4
nb_execution_mode = "cache"
nb_execution_cache_path = str(Path(__file__).parent / "_build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 600

# a class that two packages name is one object: either page is the right one to link to
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = "Axonal"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
highlight_language = "none"
python_maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
