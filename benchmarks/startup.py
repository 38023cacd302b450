"""How long a user waits for `livebench --help`, against `sacrebleu --help`, as whole processes.

    python benchmarks/startup.py

Exit status 1 if livebench takes more than twice as long, or if `import livebench` or `livebench --help`
load torch, pandas or scikit-learn.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path

from timing import in_turn, ratio, spread, within

HEAVY = ("torch", "pandas", "sklearn")
IMPORT = "import livebench"
HELP = """
try:
    from livebench.cli.main import main
    main(["--help"])
except SystemExit:
    pass
"""


def loaded(code: str) -> list[str]:
    """Which of the heavy libraries a fresh process has loaded after `code`."""
    report = f"{code}\nimport sys\nprint('LOADED', *[n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].split()[1:]


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    scripts = Path(sys.executable).parent
    run = partial(subprocess.run, stdout=subprocess.DEVNULL, check=True)
    ways = {
        "livebench --help": partial(run, [scripts / "livebench", "--help"]),
        "sacrebleu --help": partial(run, [scripts / "sacrebleu", "--help"]),
        "python -c pass": partial(run, [sys.executable, "-c", "pass"]),
    }
    in_turn(ways, 1)  # warms up
    seconds = in_turn(ways, options.rounds)
    for name, values in seconds.items():
        print(f"{name}: {spread(values)} s")
    times = ratio(seconds["livebench --help"], seconds["sacrebleu --help"])
    kept = within("times the time of sacrebleu", times, most=2)
    for name, code in (("import livebench", IMPORT), ("livebench --help", HELP)):
        found = loaded(code)
        print(f"{name} loads of {', '.join(HEAVY)}: {', '.join(found) or 'none'}")
        kept &= not found
    sys.exit(not kept)


if __name__ == "__main__":
    main()
