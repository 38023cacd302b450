"""LEADERBOARD.md and its pages: the same bytes for the same input, and no name can break them."""

from __future__ import annotations

import re

import pytest

from livebench.candidates.candidate_set import find_sets
from livebench.human.analysis.people import People
from livebench.leaderboard.collect import collect
from livebench.leaderboard.readme import BEGIN, END
from livebench.leaderboard.released import read_released
from livebench.leaderboard.render import render_pages
from livebench.scoring.metrics import Interval
from livebench.submissions.load import find_submissions
from livebench.tables import markdown_cell

CODE = "class Mine:\n    def score(self, v, c, x):\n        return len(x.text)\n"
HOSTILE = {
    "pipes": "a | b || c |",
    "html": "<script>alert(1)</script><img src=x onerror=y>",
    "end of the table": "</td></tr></table>\n\n# Heading",
    "line ends": "a\nb\r\nc\u2028d\u2029e\x0bf\x85g",
    "right to left": "\u202egnp.exe\u2067 \u200f",
    "backticks": "``` `x` ```",
    "link": "](http://example.com) [x](javascript:y) ![z](w)",
    "emphasis": "**bold** _it_ ~~no~~ # h 1. - +",
    "escapes": "\\| \\\\| \\",
    "entities": "&lt;b&gt; &#124; &vert;",
    "long": "x" * 200,
    "long pipes": "|" * 200,
    "controls": "a\x00b\x1b[31mc\x7f",
    "template": "{{ 7 * 7 }} {% raw %}",
    "blank": " \u200b\n ",
    "combining": "Z̸̙͈͑" * 40,
}


@pytest.fixture
def project(made_once, frozen_without_frames, copy_set, submission, run):
    """A folder with a small set and two submissions, evaluated."""

    def make():
        copy_set(frozen_without_frames)
        for name in ("first", "second"):
            submission(name, code=CODE, name=f"The {name}")
            done = run("evaluate", "--submission", f"submissions/{name}", "--quiet", "--json")
            assert done.status == 0, done

    return made_once(make)


def rendered(run, project, *options):
    done = run("leaderboard", *options, cwd=project)
    assert done.status == 0, done
    assert done.out == "LEADERBOARD.md: written, with 4 pages in docs/leaderboard/\n"
    return {str(path.relative_to(project)): path.read_bytes().decode() for path in paths(project)}


def paths(project):
    return [project / "LEADERBOARD.md", *sorted((project / "docs/leaderboard").iterdir())]


SET = "docs/leaderboard/silent-paper.md"
SVG = "{http://www.w3.org/2000/svg}"


def tables(text):
    """All tables as lists of rows of cells, as GitHub's Markdown splits them."""
    found, current = [], []
    for line in [*text.split("\n"), ""]:
        if line.startswith("|"):
            assert line.endswith("|")
            current.append(re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1])
        elif current:
            found.append(current)
            current = []
    return found


def test_what_is_on_it(project, run, attest, frozen_without_frames):
    signers = attest("submissions/first", "submissions/second", cwd=project)
    pages = rendered(run, project, *signers)
    assert list(pages) == [
        "LEADERBOARD.md",
        *(
            f"docs/leaderboard/{name}"
            for name in (
                "human-evaluation.md",
                "overview.svg",
                "published-results.md",
                "silent-paper.md",
            )
        ),
    ]
    (rated,) = tables(pages["docs/leaderboard/human-evaluation.md"])
    assert len(rated) == 2 + 4
    (published,) = tables(pages["docs/leaderboard/published-results.md"])
    assert len(published) == 2 + 11
    text = pages[SET]
    board, whence, pairs, each, unseen = tables(text)
    assert len(pairs) == 2 + 1
    for cells in whence[2:]:  # of a checkout with changes it says that, too
        assert cells[2].startswith(" attested, own process")
        assert cells[2].endswith("<br><sub>98.05% of candidates tie</sub> ")
    assert [len(row) for row in board] == [len(board[0])] * 5
    names = [row[1].strip() for row in board[2:]]
    links = {
        name: f"[The {name}](../../submissions/{name})<br><sub>model, sum</sub>"
        for name in ("first", "second")
    }
    assert sorted(names) == ["*chance*", *links.values()]
    assert [row[0].strip() for row in each[2:]] == [name.split("<br>")[0] for name in names]
    # The scorer sees the candidate alone: nothing is gained over `blind`, which has no ranks.
    gains = {row[1].strip(): row[3].strip() for row in board[2:]}
    assert gains[links["first"]] == "0.0000<br><sub>0.0000&nbsp;to&nbsp;0.0000</sub>"
    assert [row[1:3] + row[4:] for row in unseen[2:]] == [row[1:3] + row[4:] for row in board[2:]]
    assert {row[0].strip() for row in unseen[2:]} == {""}
    signature = frozen_without_frames.manifest.signature
    assert f"`{signature}|setting:comments|gt:best|" in text
    assert f"`{signature}|setting:comments|gt:all|" in text
    # chance of five correct ones
    chance = next(
        line
        for line in pages["docs/leaderboard/published-results.md"].splitlines()
        if "23.04, " in line
    )
    assert all(value in chance for value in ("5.00", "23.04", "41.62", "16.83", "0.1617"))


def test_what_people_reach_stands_in_a_line_and_on_the_page_of_the_set(project):
    share = Interval(70.0, 60.0, 80.0)
    people = People(
        name="tens",
        candidate_set="silent-paper",
        set_hash="",
        setting="comments",
        signature="set:silent-paper@1|shown:10",
        moments=50,
        videos=20,
        pictures=0,
        dropped=0,
        absent=[],
        real=share,
        these_raters=share,
        same=None,
        raters=[],
        models=[],
    )
    sections = collect(find_sets(project / "candidates"), find_submissions(project / "submissions"))
    pages = render_pages(sections, people={"silent-paper": [people]})
    line = "| *people* | 70.00&nbsp;%<br><sub>60.00&nbsp;to&nbsp;80.00&nbsp;of&nbsp;ten</sub> |"
    assert line in pages["LEADERBOARD.md"].splitlines()
    part = pages[SET].split("### People\n")[1].split("## Audit")[0]
    assert "70.00 \\[60.00 to 80.00\\]" in part
    assert "`set:silent-paper@1|shown:10`" in part
    without = render_pages(sections)
    assert "people*" not in without["LEADERBOARD.md"]
    assert "### People" not in without[SET]


def test_the_same_bytes_twice(project, run):
    pages = rendered(run, project)
    assert rendered(run, project) == pages
    done = run("leaderboard", "--out", "deep/er/B.md", cwd=project)
    assert done.status == 0
    for name, text in pages.items():
        path = project / "deep" / "er" / name.replace("LEADERBOARD", "B")
        assert path.read_bytes().decode() == text


def test_check(project, run):
    pages = rendered(run, project)
    done = run("leaderboard", "--check", cwd=project)
    assert (done.status, done.out, done.err) == (0, "LEADERBOARD.md: up to date\n", "")
    board = project / "LEADERBOARD.md"
    board.write_text(pages["LEADERBOARD.md"].replace("The first", "The best"), "utf-8")
    done = run("leaderboard", "--check", cwd=project)
    assert done.status == 1
    minus, plus = ([line for line in done.out.splitlines() if line[:1] == sign] for sign in "-+")
    assert minus[0] == "--- LEADERBOARD.md"
    assert all("The best" in line for line in minus[1:])
    assert all("The first" in line for line in plus[1:])
    assert len(minus) == len(plus) == 2
    assert done.err == "LEADERBOARD.md: stale; run `livebench leaderboard` and commit it\n"
    assert "The best" in board.read_text("utf-8")  # nothing was written
    board.unlink()
    assert run("leaderboard", "--check", cwd=project).status == 1
    assert not board.exists()


def test_the_first_table_in_the_terminal(project, run):
    done = run("leaderboard", "--print", cwd=project)
    assert (done.status, done.err) == (0, "")
    head, _, *rows = done.out.splitlines()
    assert head.split() == ["submission", "folder", "silent-paper"]
    names = [row[: head.index("folder")].strip() for row in rows[: rows.index("")]]
    assert names == ["The first", "The second", "chance"]
    assert not (project / "LEADERBOARD.md").exists()


@pytest.mark.parametrize("name", [SET, "docs/leaderboard/overview.svg"])
def test_every_page_is_checked_to_the_byte(project, run, name):
    pages = rendered(run, project)
    (project / name).write_bytes(pages[name].encode().replace(b"\n", b"\r\n"))
    done = run("leaderboard", "--check", cwd=project)
    assert done.status == 1
    assert done.err == f"{name}: stale; run `livebench leaderboard` and commit it\n"


def test_the_page_of_a_set_that_is_gone_goes_and_nothing_else(project, run):
    pages = rendered(run, project)
    folder = project / "docs" / "leaderboard"
    (folder / "gone.md").write_text(pages[SET], "utf-8")
    (folder / "mine.md").write_text("# Mine\n", "utf-8")
    (folder / "folder.md").mkdir()
    done = run("leaderboard", "--check", cwd=project)
    assert done.status == 1
    assert done.err.startswith("docs/leaderboard/gone.md: stale; ")
    assert run("leaderboard", cwd=project).status == 0
    assert not (folder / "gone.md").exists()
    assert (folder / "mine.md").read_text() == "# Mine\n"
    assert (folder / "folder.md").is_dir()


def test_the_table_in_readme_is_rendered_and_checked_where_it_has_marks(project, run):
    rendered(run, project)
    readme = project / "README.md"
    assert not readme.exists()
    readme.write_text(f"# Mine\n\n{BEGIN}stale\n{END}\nAfter.\n", "utf-8")
    done = run("leaderboard", "--check", cwd=project)
    assert done.status == 1
    assert done.err == "README.md: stale; run `livebench leaderboard` and commit it\n"
    assert run("leaderboard", cwd=project).status == 0
    text = readme.read_text("utf-8")
    assert text.startswith(f"# Mine\n\n{BEGIN}")
    assert text.endswith(f"{END}\nAfter.\n")
    assert "stale" not in text
    readme.write_text("# No marks\n", "utf-8")
    assert run("leaderboard", "--check", cwd=project).status == 0


def test_the_rows_of_a_release_are_kept(project, run, frozen_without_frames):
    done = run("leaderboard", "--release", "9.9.9", cwd=project)
    assert done.status == 0
    assert done.out.splitlines()[0] == "docs/leaderboard/released.json: written"
    released = read_released(project / "docs" / "leaderboard" / "released.json")
    assert (released.version, released.sets) == (
        "9.9.9",
        {"silent-paper": frozen_without_frames.manifest.hash},
    )
    assert {row.folder for row in released.rows} == {"first", "second"}
    # It is no page: rendering leaves it alone.
    assert run("leaderboard", cwd=project).status == 0
    assert run("leaderboard", "--check", cwd=project).status == 0
    assert read_released(project / "docs" / "leaderboard" / "released.json") == released


def test_a_set_with_the_name_of_another_page(project, refused, monkeypatch):
    monkeypatch.setattr("livebench.leaderboard.render._HUMAN", "silent-paper")
    assert refused("leaderboard", cwd=project) == (
        "candidates/silent-paper: has the name of another page of the leaderboard; "
        "give the set another name"
    )


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_name_changes_nothing_but_its_own_row(project, run, case):
    before = rendered(run, project)
    card = project / "submissions" / "second" / "submission.toml"
    import msgspec

    fields = msgspec.toml.decode(card.read_bytes())
    name = HOSTILE[case]
    fields["name"] = name
    card.write_bytes(msgspec.toml.encode(fields))
    after = rendered(run, project)
    for page, link in (
        ("LEADERBOARD.md", "](submissions/second)"),
        (SET, "](../../submissions/second)"),
    ):
        _only_the_row_changes(before[page], after[page], link)
    # In the plot it is text: there are the same elements, and an XML parser reads it.
    from lxml import etree

    old, new = (
        etree.fromstring(one["docs/leaderboard/overview.svg"].encode()) for one in (before, after)
    )
    assert [one.tag for one in new.iter()] == [one.tag for one in old.iter()]
    assert all("".join(one.itertext()).strip("\n ").isprintable() for one in new.iter(SVG + "text"))


def _only_the_row_changes(before, after, link):
    assert after.count("\n") == before.count("\n")
    for old, new in zip(before.split("\n"), after.split("\n"), strict=True):
        if "The second" not in old:
            assert new == old
        else:
            assert len(new) < 1000
            assert old.split(link)[1] == new.split(link)[1]
            shown = new.split(link)[0].split("[", 1)[1]
            assert not re.search(r"(?<!\\)(\\\\)*[|<>`\[\]*_]", shown)
            assert shown.isprintable()
    shapes = [[len(row) for row in table] for table in tables(after)]
    assert shapes == [[len(row) for row in table] for table in tables(before)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a|b", "a\\|b"),
        ("<b>", "&lt;b&gt;"),
        ("a  \n b", "a b"),
        ("\u202eabc", "abc"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("中文 é", "中文 é"),
    ],
)
def test_cell(text, expected):
    assert markdown_cell(text) == expected
