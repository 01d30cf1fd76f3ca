"""`python -m client.cli`: the command line without its script on the path."""

from client.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
