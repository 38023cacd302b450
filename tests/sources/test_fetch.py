"""Fetched over git and as zips: only what is read, checked, and on from where a stopped one was."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from made_up import committed, crawl, run, source_of, zipped

from livebench.errors import LiveBenchError
from livebench.sources import fetch_git
from livebench.sources.fetch_archive import fetch_archives
from livebench.sources.fetch_git import fetch_with_git, fetched_bytes
from livebench.sources.tree import GitTree


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return crawl(tmp_path_factory.mktemp("crawl"))


@pytest.fixture(scope="module")
def source(repository):
    return source_of(repository, {"main": committed(repository)})


def blobs_in(folder):
    """Object ids of the files in the packs of a repository, one for each time that one is there."""
    found = []
    for index in sorted((folder / "objects" / "pack").glob("pack-*.idx")):
        listed = run(folder, "verify-pack", "-v", str(index))
        found += [line.split()[0] for line in listed.splitlines() if " blob " in line]
    return found


def test_only_what_is_read_is_fetched(source, repository, tmp_path):
    steps = []

    def progress(done, total):
        steps.append((done, total))
        return steps.append

    tree = fetch_with_git(source, tmp_path / "git", progress)
    assert tree.files() == GitTree(repository, source).files()
    assert list(tree.read(tree.files())) == [
        (repository / file.path).read_bytes() for file in tree.files()
    ]
    assert sorted(blobs_in(tmp_path / "git")) == sorted(set(tree.objects.values()))
    distinct = len(set(tree.objects.values()))
    assert steps == [(0, distinct), fetch_git.BATCH, distinct - fetch_git.BATCH]
    assert fetched_bytes(tmp_path / "git") < 50_000  # the picture alone has as many
    before = blobs_in(tmp_path / "git")
    fetch_with_git(source, tmp_path / "git")
    assert blobs_in(tmp_path / "git") == before


def test_killed_and_continued(source, repository, tmp_path, monkeypatch):
    """A process of its own is killed again and again; what is there is not fetched again."""
    code = (
        "import sys, msgspec; from pathlib import Path\n"
        "from livebench.sources import fetch_git; from livebench.sources.source import Source\n"
        "fetch_git.BATCH = 1\n"
        "source = msgspec.json.decode(sys.stdin.buffer.read(), type=Source)\n"
        "print('begins', flush=True); fetch_git.fetch_with_git(source, Path(sys.argv[1]))\n"
    )
    import msgspec

    folder, sizes = tmp_path / "git", []
    for kill in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        process.stdin.write(msgspec.json.encode(source))
        process.stdin.close()
        process.stdout.readline()
        deadline = time.monotonic() + 20
        wanted = 2 * (kill + 1)
        while len(list(folder.glob("objects/pack/pack-*.pack"))) < wanted:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        (folder / "shallow.lock").touch()  # as a git that is killed at the wrong moment leaves it
        (folder / "objects" / "pack" / "tmp_pack_left").touch()
        sizes.append(len(blobs_in(folder)))
    assert sizes == sorted(set(sizes))
    tree = fetch_with_git(source, folder)
    assert sorted(blobs_in(folder)) == sorted(set(tree.objects.values()))  # each once
    assert [*tree.read(tree.files())] == [(repository / f.path).read_bytes() for f in tree.files()]
    assert not list(folder.rglob("tmp_*"))


@pytest.mark.parametrize("parts", [1, 5])
def test_without_network(tmp_path, parts):
    commits = {f"branch-{n}": f"{n}" * 40 for n in range(parts)}
    source = source_of(tmp_path, commits, repository="http://127.0.0.1:1/x")
    with pytest.raises(LiveBenchError) as raised:
        fetch_with_git(source, tmp_path / "git")
    error = raised.value
    assert error.where == "http://127.0.0.1:1/x"
    assert error.what.startswith("cannot be fetched: unable to access 'http://127.0.0.1:1/x/'")
    named = "0" * 40 if parts == 1 else "000000000000 111111111111 222222222222 333333333333"
    more = "" if parts == 1 else " and 1 more (see its TOML)"
    assert error.fix == (
        "run the same again to go on, or elsewhere `git clone --no-checkout http://127.0.0.1:1/x PATH` "
        f"(it has {named}{more}), bring PATH here, and give --from PATH"
    )


@pytest.mark.parametrize("fetch", [fetch_with_git, fetch_archives])
def test_a_server_that_never_answers(tmp_path, monkeypatch, fetch):
    for module in ("fetch_git", "fetch_archive"):
        monkeypatch.setattr(f"livebench.sources.{module}.SECONDS", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        source = source_of(
            tmp_path, {"main": "0" * 40}, repository=address, archive=f"{address}/{{commit}}"
        )
        with pytest.raises(LiveBenchError) as raised:
            fetch(source, tmp_path / "fetched")
    assert raised.value.what in (
        f"cannot be fetched: unable to access '{address}/': Operation too slow. Less than 1 bytes/sec "
        "transferred the last 1 seconds",
        "cannot be fetched: timed out",
    )
    assert "and give --from PATH" in raised.value.fix


def test_a_commit_that_the_server_has_not(repository, tmp_path):
    other = source_of(repository, {"main": "f" * 40})
    with pytest.raises(LiveBenchError) as raised:
        fetch_with_git(other, tmp_path / "git")
    assert raised.value.what.startswith("cannot be fetched: ")


class Server(http.server.BaseHTTPRequestHandler):
    """Gives one content, cut off after `cut` bytes, from where it is asked to if `ranges`."""

    content, cut, ranges, asked = b"", None, True, []

    def do_GET(self):
        wanted = self.headers.get("Range")
        type(self).asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(self.content) and start:
            self.send_response(416)
            self.end_headers()
            return
        body = self.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.cut])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def served(source, repository, tmp_path):
    class Mine(Server):
        content = zipped(repository, tmp_path / "it.zip").read_bytes()
        asked: list[str | None] = []  # noqa: RUF012 (of this server alone)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mine) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/{{commit}}.zip"
        commits = {part.name: part.commit for part in source.parts}
        yield Mine, source_of(repository, commits, archive=address)
        server.shutdown()


def fetched(source, folder):
    came = []
    tree = fetch_archives(source, folder, came.append)
    return [*tree.read(tree.files())], sum(came)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_zip_goes_on_where_it_stopped(served, repository, tmp_path, ranges):
    server, source = served
    size, server.ranges = len(server.content), ranges
    expected = [
        (repository / file.path).read_bytes() for file in GitTree(repository, source).files()
    ]
    server.cut = size // 3
    with pytest.raises(LiveBenchError) as raised:
        fetched(source, tmp_path / "zips")
    assert " came incomplete" in raised.value.what or "IncompleteRead" in raised.value.what
    server.cut = None
    contents, came = fetched(source, tmp_path / "zips")
    assert contents == expected
    assert came == (size - size // 3 if ranges else size)
    assert server.asked == [None, f"bytes={size // 3}-"]
    assert fetched(source, tmp_path / "zips") == (expected, 0)


def test_a_zip_that_is_none_is_thrown_away(served, tmp_path):
    server, source = served
    whole, server.content = server.content, b"<html>try again later</html>"
    with pytest.raises(LiveBenchError) as raised:
        fetched(source, tmp_path / "zips")
    assert raised.value.what.endswith(".zip came damaged")
    server.content = whole
    assert fetched(source, tmp_path / "zips")[1] == len(whole)


def test_a_zip_with_a_changed_byte_is_thrown_away(served, tmp_path):
    server, source = served
    whole = server.content
    middle = len(whole) // 2
    server.content = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    with pytest.raises(LiveBenchError) as raised:
        fetched(source, tmp_path / "zips")
    assert "came damaged" in raised.value.what or "cannot be" in raised.value.what
    assert not list((tmp_path / "zips").iterdir())


def test_no_other_addresses_than_https(source, repository, tmp_path):
    commits = {part.name: part.commit for part in source.parts}
    other = source_of(repository, commits, archive="file:///etc/{commit}")
    with pytest.raises(LiveBenchError) as raised:
        fetch_archives(other, tmp_path / "zips")
    assert raised.value.what.endswith(" is not an https address")
