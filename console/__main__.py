"""`python -m console` is the `cueloop` command: how the supervisor starts its processes."""

from console.cli import main

if __name__ == "__main__":
    main()
