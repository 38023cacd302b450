"""From an entry and a checkpoint to a scorer: what is taken, and what is named."""

from __future__ import annotations

import hashlib
import marshal
import subprocess
import sys
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

import pytest

from livebench.errors import LiveBenchError
from livebench.scoring.preparation import fit
from livebench.scoring.runner import make_scorer, read_samples
from livebench.submissions.load import Submission

DUCK = """
class Mine:
    def __init__(self, bonus=0.0):
        self.bonus = bonus
    def score(self, video_ctx, comments, candidate):
        return self.bonus - len(candidate.words)
"""


def test_a_class_with_score_alone_will_do(submission, frozen, dataset):
    path = submission(code=DUCK, runs=[{"name": "r", "arguments": {"bonus": 2.5}}])
    found = Submission(path)
    scorer = make_scorer(found, found.card.runs[0])
    (_, sample), *_ = read_samples(frozen, dataset, "both")
    expected = [2.5 - len(one.tokens.split(" ")) for one in sample.candidates]
    assert list(scorer.score_samples([sample])[0]) == expected
    fit(scorer, None)  # it has no fit, and is not asked to


ENTRIES = {
    "no module": ("", "absent:Mine", "there is no module absent; put absent.py into the folder"),
    "its module is missing": (
        "import absent",
        None,
        "there is no module absent; scorer imports it: install it",
    ),
    "no class": ("x = 1", None, "the module has no class Mine"),
    "no class but a function": ("def Mine(): pass", None, "the module has no class Mine"),
    "no score": (
        "class Mine: pass",
        None,
        "the class has no method score; write score(video_ctx, comments, cand",
    ),
    "score is no method": (
        "class Mine: score = 1",
        None,
        "the class has no method score; write score(video_ctx",
    ),
    "raises": ("1 / 0", None, "importing it raised ZeroDivisionError"),
    "syntax": ("class Mine", None, "importing it raised SyntaxError"),
    "no colon": (DUCK, "scorer", "entry: 'scorer' is not \"module:Class\""),
    "two colons": (DUCK, "scorer:Mine:x", "entry: 'scorer:Mine:x' is not \"module:Class\""),
    "relative": (DUCK, ".scorer:Mine", "entry: '.scorer:Mine' is not \"module:Class\""),
}


@pytest.mark.parametrize("case", ENTRIES)
def test_an_entry_that_cannot_be_loaded(submission, case):
    code, entry, message = ENTRIES[case]
    path = submission(code=code, entry=entry or "scorer:Mine")
    with pytest.raises(LiveBenchError) as error:
        found = Submission(path)
        make_scorer(found, found.card.runs[0])
    assert str(error.value).startswith(str(path / "submission.toml"))
    assert message in str(error.value)
    if "raised" in message:
        assert error.value.__cause__ is not None


def test_wrong_arguments_are_named(submission):
    path = submission(code=DUCK, runs=[{"name": "r", "arguments": {"size": 3}}])
    found = Submission(path)
    with pytest.raises(LiveBenchError, match=r"run r: making scorer:Mine raised TypeError: .*size"):
        make_scorer(found, found.card.runs[0])


def value_of(path):
    found = Submission(path)
    return make_scorer(found, found.card.runs[0]).score(None, None, None)


def returning(value):
    return f"class Mine:\n    def score(self, v, c, x):\n        return {value}\n"


def test_two_folders_of_one_name_have_each_its_own_code(submission, tmp_path):
    one = submission("same", code=returning(1.0), within=tmp_path / "a")
    two = submission("same", code=returning(2.0), within=tmp_path / "b")
    assert (value_of(one), value_of(two), value_of(one)) == (1, 2, 1)


def test_two_submissions_have_each_its_own_neighbours(submission, tmp_path):
    code = "from helper import VALUE\n" + returning("VALUE")
    paths = [submission(name, code=code) for name in ("one", "two")]
    for value, path in enumerate(paths, 1):
        (path / "helper.py").write_text(f"VALUE = {value}.0\n")
    assert [value_of(path) for path in paths] == [1, 2]


def compiled(path, code):
    """What Python takes for the source in `path`, and does not compare with it."""
    cache = Path(cache_from_source(str(path)))
    cache.parent.mkdir(exist_ok=True)
    head = MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)  # "unchecked hash", PEP 552
    cache.write_bytes(head + marshal.dumps(compile(code, str(path), "exec")))


@pytest.mark.parametrize("name", ["scorer", "helper", "part/__init__", "part/inner", "late"])
def test_bytecode_is_neither_run_nor_written(submission, name):
    code = (
        "import helper, part.inner\nclass Mine:\n    def score(self, v, c, x):\n"
        "        import sys, pathlib\n        sys.path.insert(0, str(pathlib.Path(__file__).parent))\n"
        "        import late\n        return helper.VALUE + part.inner.VALUE + late.VALUE\n"
    )
    path = submission(code=code)
    (path / "part").mkdir()
    for module in ("helper", "part/__init__", "part/inner", "late"):
        (path / f"{module}.py").write_text("VALUE = 1.0\n")
    forged = code.replace("return ", "return 10 + ") if name == "scorer" else "VALUE = 11.0\n"
    compiled(path / f"{name}.py", forged)
    before = sorted(path.rglob("*"))
    command = (
        "from livebench.submissions.load import Submission\nfrom pathlib import Path\n"
        "from livebench.scoring.runner import make_scorer\nimport sys\n"
        "found = Submission(Path(sys.argv[1]))\n"
        "print(make_scorer(found, found.card.runs[0]).score(None, None, None))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "3.0\n"
    assert sorted(path.rglob("*")) == before


def test_what_is_compiled_alone_is_not_found(submission):
    path = submission(code="import helper\n" + returning(1.0))
    (path / "helper.pyc").write_bytes(
        MAGIC_NUMBER + bytes(12) + marshal.dumps(compile("VALUE = 1", "helper.py", "exec"))
    )
    with pytest.raises(LiveBenchError, match="there is no module helper"):
        value_of(path)


@pytest.mark.parametrize("where", ["scorer.py", "helper.py"])
def test_no_link_is_imported(submission, tmp_path, where):
    path = submission(code="import helper\n" + returning(1.0))
    (tmp_path / "outside.py").write_text(returning(2.0))
    (path / where).unlink(missing_ok=True)
    (path / where).symlink_to(tmp_path / "outside.py")
    with pytest.raises(LiveBenchError, match=f"{where}: is a symbolic link"):
        value_of(path)


CHECKPOINT = """
class Mine:
    def __init__(self, checkpoint):
        self.value = float(checkpoint.read_text())
    def score(self, video_ctx, comments, candidate):
        return self.value
"""
HASH = hashlib.sha256(b"1.5").hexdigest()


def checkpointed(submission, name, sha256):
    runs = [{"name": "r", "checkpoint": name, "checkpoint_sha256": sha256}]
    return submission(code=CHECKPOINT, runs=runs)


def test_a_checkpoint(submission):
    path = checkpointed(submission, "w/model.txt", HASH)
    (path / "w").mkdir()
    (path / "w" / "model.txt").write_bytes(b"1.5")
    assert value_of(path) == 1.5


@pytest.mark.parametrize(
    ("name", "sha256", "message"),
    [
        ("../outside.txt", HASH, "run r: the checkpoint ../outside.txt leads out of the folder"),
        ("/etc/hostname", HASH, "run r: the checkpoint /etc/hostname leads out of the folder"),
        ("link.txt", HASH, "run r: the checkpoint link.txt is a symbolic link"),
        ("absent.txt", HASH, "run r: the checkpoint absent.txt is missing"),
        (
            "model.txt",
            "0" * 64,
            f"model.txt: has sha256 {HASH}, but submission.toml says {'0' * 64}",
        ),
        ("model.txt", "", f"model.txt: has sha256 {HASH}, but submission.toml says nothing"),
    ],
)
def test_a_bad_checkpoint_is_named(submission, tmp_path, name, sha256, message):
    path = checkpointed(submission, name, sha256)
    (path.parent / "outside.txt").write_bytes(b"1.5")
    (path / "link.txt").symlink_to(path.parent / "outside.txt")
    (path / "model.txt").write_bytes(b"1.5")
    with pytest.raises(LiveBenchError) as error:
        value_of(path)
    assert message in str(error.value)


def test_a_scorer_that_cannot_be_fitted_is_named(dataset, submission):
    code = DUCK + "    def fit(self, training):\n        raise ValueError('too small')\n"
    found = Submission(submission(code=code))
    with pytest.raises(LiveBenchError, match="ValueError: too small"):
        fit(make_scorer(found, found.card.runs[0]), dataset)
