"""What must hold of every commit: `nox -s check`, `nox -s docs`, `nox -s test -- tests/data`."""

import nox

nox.options.sessions = ["check", "docs", "test"]
nox.options.reuse_existing_virtualenvs = True


def _install(session: nox.Session, extra: str) -> None:
    session.install("-q", "-c", "constraints.txt", "-e", f".[{extra}]")


@nox.session
def check(session: nox.Session) -> None:
    """Lint, format, types, and code that opens a door."""
    _install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    # Medium and above: below that bandit warns of every `import subprocess`.
    session.run("bandit", "-q", "-r", "livebench", "baselines", "--severity-level", "medium")


@nox.session
def docs(session: nox.Session) -> None:
    """The pages of docs/ as a site in site-docs/; a broken link is an error."""
    _install(session, "docs")
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    session.run("mkdocs", "build", "--strict", "--quiet", *session.posargs, env=quiet)


@nox.session
def test(session: nox.Session) -> None:
    """The tests, or those that are named after `--`."""
    _install(session, "test")
    session.run("python", "-m", "pytest", *session.posargs)
