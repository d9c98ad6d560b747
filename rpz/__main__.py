"""``python -m rpz``."""

from rpz.cli import main

if __name__ == "__main__":
    main()
