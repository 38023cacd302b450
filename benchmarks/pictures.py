"""Pictures of the site for docs/site.md: pages of the simulated world, as they are in this checkout.

    livebench simulate --seed 1 --out datasets/simulated   # titles and text, if it is not there
    python benchmarks/pictures.py [--site site] [--out docs/site]

Makes the site, which takes minutes (or takes --site, one that is there), opens its pages in a headless
Chromium as files, at 1280 and 390 pixels, and writes docs/site/NAME-WIDTH[-dark].webp, each as much of
a page as fits one screen. Exit status 1 if a page is wider than its window, or a picture larger than
200 kB.
"""

from __future__ import annotations

import argparse
import io
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from browser import launched
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SET = "simulated-matched"
SECTION = "section.one:not([hidden])"
HEIGHTS = {1280: 1000, 390: 844}
MOST = 200_000
"""Bytes of a picture."""


class Shot(NamedTuple):
    """A page: its address, what must be there before it is drawn, and what stands at the top of the
    picture at each width ("": the top of the page)."""

    address: str
    there: str
    tops: Mapping[int, str] = MappingProxyType({})


RUNS = "setting=both&a=unified-transformer.simulated-0&b="
SHOTS = {
    "glance": Shot("index.html", "#overview tbody tr"),
    "board": Shot(
        f"index.html#{SET}.both",
        f"{SECTION} tbody tr",
        {390: f"{SECTION} h2"},
    ),
    "submission": Shot(
        f"submissions/unified-transformer.html#{SET}.both",
        f"{SECTION} .curves",
        {1280: "#chooser", 390: "#chooser"},
    ),
    "compare": Shot(
        f"compare/{SET}.both.html#&a=unified-transformer&b=s2s-ic",
        "#samples tbody tr",
        {390: "#pair"},
    ),
    "moment": Shot(
        f"moments/{SET}/1.html#&{RUNS}context-similarity.default",
        ".ranked .column:nth-child(2) li",
        {390: "section.moment:not([hidden]) .ranked"},
    ),
    "moments": Shot(
        f"moments/{SET}/index.html#&{RUNS}s2s-ic.simulated-0",
        "#list tbody tr",
        {390: "#filters"},
    ),
}
DARK = (("glance", 390), ("board", 1280), ("moment", 390))


def make_site(out: Path) -> None:
    command = (
        f"{shlex.quote(sys.executable)} -m livebench site --quiet --out {shlex.quote(str(out))}"
    )
    if status := subprocess.run(shlex.split(command), cwd=ROOT, check=False).returncode:
        sys.exit(status)


def draw(browser, site: Path, name: str, width: int, scheme: str) -> tuple[bytes, int]:
    """A picture as WebP, and how wide the page is."""
    shot = SHOTS[name]
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=scheme, locale="en-GB"
    )
    page = context.new_page()
    page.goto(f"{site.as_uri()}/{shot.address}")
    page.locator(shot.there).first.wait_for()
    if top := shot.tops.get(width):
        page.locator(top).first.evaluate("one => one.scrollIntoView()")
    else:
        page.evaluate("scrollTo(0, 0)")
    drawn = io.BytesIO()
    with Image.open(io.BytesIO(page.screenshot())) as found:
        found.convert("RGB").save(drawn, "WEBP", lossless=True, quality=100, method=4)
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    return drawn.getvalue(), wide


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, help="One that is there.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "site")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    kept = True
    wanted = [(name, width, "light") for width in HEIGHTS for name in SHOTS]
    wanted += [(name, width, "dark") for name, width in DARK]
    with tempfile.TemporaryDirectory(prefix="livebench-pictures.") as folder, launched() as browser:
        site = options.site or Path(folder) / "site"
        if not options.site:
            make_site(site)
        for name, width, scheme in wanted:
            picture, wide = draw(browser, site.resolve(), name, width, scheme)
            good = wide <= width and len(picture) <= MOST
            kept &= good
            path = options.out / f"{name}-{width}{'-dark' * (scheme == 'dark')}.webp"
            path.write_bytes(picture)
            verdict = "" if good else f", MISSED: {wide} pixels wide, at most {MOST} bytes"
            print(f"{path}: {len(picture)} bytes{verdict}", flush=True)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
