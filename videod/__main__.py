"""`python -m videod`."""

from videod.cli.main import main

if __name__ == "__main__":
    main()
