"""Floor 10: `python -m rocket_magic`, the same as the command `rocket-magic`."""

from rocket_magic.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
