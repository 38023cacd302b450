"""What a public source is served by, on 127.0.0.1: git, or zips of commits over HTTPS. Counts bytes.

Both give what GitHub's servers give, through a line of so many megabytes a second. Neither needs the
program to know: git and the environment point there instead of at the real addresses.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

from livebench.sources.source import Source

_PIECE = 1 << 16


class Line:
    """A line of limited speed, and the bytes that went over it.

    Attributes:
        sent: bytes to the one who fetches.
    """

    def __init__(self, megabytes_a_second: float) -> None:
        self.sent = 0
        self._rate, self._free, self._lock = megabytes_a_second * 1e6, 0.0, threading.Lock()

    def count(self, size: int) -> None:
        """Wait for the line to be free, and take it for so many bytes."""
        with self._lock:
            now = time.monotonic()
            self._free = max(now, self._free) + size / self._rate
            self.sent += size
            wait = self._free - now
        time.sleep(wait)


class _Server(ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever fetches is killed."""


def _serve(handle: Callable[[socket.socket], object]) -> int:
    """Serve each connection by `handle`, in threads; return the port."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            handle(self.request)

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def git_settings(settings: dict[str, str]) -> dict[str, str]:
    """Settings of git, as environment."""
    named = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        named |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return named


class GitHost:
    """`git daemon` behind a line: it gives parts of repositories, and any object by its id."""

    def __init__(self, source: Source, repository: Path, folder: Path, line: Line) -> None:
        (folder / "served").mkdir()
        (folder / "served" / "it").symlink_to(repository)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        allowed = {"uploadpack.allowFilter": "true", "uploadpack.allowAnySHA1InWant": "true"}
        self._process = subprocess.Popen(
            [
                *("git", "daemon", "--export-all", f"--base-path={folder / 'served'}"),
                *("--listen=127.0.0.1", f"--port={self._port}", "--reuseaddr"),
            ],
            env=os.environ | git_settings({**allowed, "safe.directory": "*"}),
        )
        time.sleep(1)
        self._line = line
        address = f"git://127.0.0.1:{_serve(self._relay)}/it"
        self.environment = git_settings({f"url.{address}.insteadOf": source.repository})

    def _relay(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            asking = threading.Thread(target=_copy, args=(client, server), daemon=True)
            asking.start()
            _copy(server, client, self._line.count)

    def close(self) -> None:
        self._process.terminate()


def _copy(
    one: socket.socket, other: socket.socket, count: Callable[[int], object] = lambda size: None
) -> None:
    try:
        while data := one.recv(_PIECE):
            count(len(data))
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:  # the other side was killed
        one.close()


class ZipHost:
    """Zips of the commits over HTTPS, reached as a proxy; it goes on where it is asked to (`Range`).

    Attributes:
        zips: the zip of each commit; `asked`: of each request the byte it began at.
    """

    def __init__(self, source: Source, repository: Path, folder: Path, line: Line) -> None:
        host = urlsplit(source.archive).hostname or ""
        self._line, self._template = line, source.archive
        self.asked: list[int] = []
        self.zips: dict[str, Path] = {}
        (folder / "zips").mkdir()
        for part in source.parts:
            zipped = self.zips[part.commit] = folder / "zips" / f"{part.commit}.zip"
            command = [
                "git",
                "-c",
                "safe.directory=*",
                "-C",
                str(repository),
                "archive",
                "--format=zip",
            ]
            command += [f"--prefix={source.name}-{part.commit}/", f"--output={zipped}", part.commit]
            subprocess.run(command, check=True)
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-batch",
             "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
             "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )  # fmt: skip
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        (folder / "empty").mkdir()
        self.environment = {
            "https_proxy": f"http://127.0.0.1:{_serve(self._answer)}",
            "no_proxy": "",
            "SSL_CERT_FILE": str(certificate),
            "PATH": str(folder / "empty"),  # without git, zips are fetched
        }

    def _answer(self, client: socket.socket) -> None:
        """As a proxy that is the host itself: CONNECT, then HTTPS."""
        head = b""
        while b"\r\n\r\n" not in head and (data := client.recv(_PIECE)):
            head += data
        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        zips, asked, line, template = self.zips, self.asked, self._line, self._template

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = [
                    path
                    for commit, path in zips.items()
                    if urlsplit(template.format(commit=commit)).path == self.path
                ]
                start = int(self.headers.get("Range", "bytes=0-")[6:-1])
                asked.append(start)
                size = found[0].stat().st_size if found else 0
                status = 404 if not found else 416 if start >= size else 206 if start else 200
                self.send_response(status)
                self.send_header("Content-Length", str(size - start if status < 400 else 0))
                self.end_headers()
                if status >= 400:
                    return
                with found[0].open("rb") as file:
                    file.seek(start)
                    while data := file.read(_PIECE):
                        line.count(len(data))
                        self.wfile.write(data)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        with self._context.wrap_socket(client, server_side=True) as secure:
            Handler(secure, ("127.0.0.1", 0), None)

    def close(self) -> None:
        """Its threads end with the process."""
