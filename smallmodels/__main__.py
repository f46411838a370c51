"""`python -m smallmodels`: the figures without the book."""

import sys

from smallmodels.command import main

sys.exit(main())
