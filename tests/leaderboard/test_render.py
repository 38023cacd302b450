"""LEADERBOARD.md: the same bytes for the same input, and no name can break it."""

from __future__ import annotations

import re

import pytest

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
    assert done.out == "LEADERBOARD.md: written\n"
    return (project / "LEADERBOARD.md").read_bytes().decode()


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
    text = rendered(run, project, *signers)
    board, pairs, each, unseen, unseen_each, rated, published = tables(text)
    assert len(pairs) == 2 + 1
    assert len(rated) == 2 + 4
    assert len(published) == 2 + 11
    assert [len(row) for row in board] == [len(board[0])] * 5
    names = [row[1].strip() for row in board[2:]]
    assert sorted(names) == [
        "*chance*",
        "[The first](submissions/first)",
        "[The second](submissions/second)",
    ]
    assert [row[0].strip() for row in each[2:]] == names
    # The scorer sees the candidate alone: nothing is gained over `blind`, which has no ranks.
    gains = {row[1].strip(): row[-4].strip() for row in board[2:]}
    assert gains["[The first](submissions/first)"] == "0.0000<br><sub>0.0000 to 0.0000</sub>"
    assert [row[1:-4] for row in unseen[2:]] == [row[1:-4] for row in board[2:]]
    assert {row[0].strip() for row in unseen[2:]} == {""}
    assert len(unseen_each) == len(each)
    signature = frozen_without_frames.manifest.signature
    assert f"`{signature}|setting:comments|gt:best|" in text
    assert f"`{signature}|setting:comments|gt:all|" in text
    assert "Not comparable" in text
    # chance of five correct ones
    chance = next(line for line in text.splitlines() if "23.04, " in line)
    assert all(value in chance for value in ("5.00", "23.04", "41.62", "16.83", "0.1617"))


def test_the_same_bytes_twice(project, run):
    text = rendered(run, project)
    assert rendered(run, project) == text
    done = run("leaderboard", "--out", "deep/er/B.md", cwd=project)
    assert done.status == 0
    assert (project / "deep" / "er" / "B.md").read_bytes().decode() == text


def test_check(project, run):
    text = rendered(run, project)
    done = run("leaderboard", "--check", cwd=project)
    assert (done.status, done.out, done.err) == (0, "LEADERBOARD.md: up to date\n", "")
    board = project / "LEADERBOARD.md"
    board.write_text(text.replace("The first", "The best"), "utf-8")
    done = run("leaderboard", "--check", cwd=project)
    assert done.status == 1
    minus, plus = ([line for line in done.out.splitlines() if line[:1] == sign] for sign in "-+")
    assert minus[0] == "--- LEADERBOARD.md"
    assert all("The best" in line for line in minus[1:])
    assert all("The first" in line for line in plus[1:])
    assert len(minus) == len(plus) == 5  # a line in each of four tables
    assert done.err == "LEADERBOARD.md: stale; run `livebench leaderboard` and commit it\n"
    assert "The best" in board.read_text("utf-8")  # nothing was written
    board.unlink()
    assert run("leaderboard", "--check", cwd=project).status == 1
    assert not board.exists()


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
    assert after.count("\n") == before.count("\n")
    for old, new in zip(before.split("\n"), after.split("\n"), strict=True):
        if "The second" not in old:
            assert new == old
        else:
            assert len(new) < 1000
            assert old.split("](submissions/second)")[1] == new.split("](submissions/second)")[1]
            shown = new.split("](submissions/second)")[0].split("[", 1)[1]
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
