"""What processes that read and annotate are forked from: importing it loads what each would load.

That is the modules, and the identifier of languages, which takes longer than reading most files.
"""

from helpers.corpus import annotation  # noqa: F401
from helpers.read.articles import load_identifier

load_identifier()
