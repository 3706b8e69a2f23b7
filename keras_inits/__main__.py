"""`python -m keras_inits`: see `python -m keras_inits --help`."""

import sys

from keras_inits.cli import main

if __name__ == "__main__":
    sys.exit(main())
