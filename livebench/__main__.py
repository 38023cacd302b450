"""`python -m livebench`."""

from livebench.cli.main import main

if __name__ == "__main__":
    main()
