"""Servers of completions on 127.0.0.1 that do right, or wrong in one way."""

from __future__ import annotations

import json
import math
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

from livebench.language_models.completions import CompletionsServer

KEY = "sk-of-the-tests"


def logprob(before: bytes, token: int) -> float:
    """What the doubles' model says of a byte after others: anything, and always the same."""
    return -0.5 - zlib.crc32(before + bytes([token])) % 4000 / 1000


def told(prompt: str, next_token: int = ord("x")) -> dict[str, Any]:
    """A completion of one token with echo: the tokens are bytes, as OpenAI spelled them."""
    data = prompt.encode()
    values = [logprob(data[:place], token) for place, token in enumerate(data)]
    tokens = [chr(token) if token < 128 else f"bytes:\\x{token:02x}" for token in data]
    return {
        "object": "text_completion",
        "choices": [
            {
                "index": 0,
                "text": prompt + chr(next_token),
                "finish_reason": "length",
                "logprobs": {
                    "tokens": [*tokens, chr(next_token)],
                    "token_logprobs": [None, *values[1:], logprob(data, next_token)],
                },
            }
        ],
        "usage": {"prompt_tokens": len(data), "completion_tokens": 1},
    }


def score(context: str, line: str) -> float:
    """The log-likelihood that a right answer amounts to."""
    before, after = context.encode(), line.encode()
    return math.fsum(logprob(before + after[:place], token) for place, token in enumerate(after))


class Double:
    """A server; `wrong(answer, prompt, count)` changes the answer to the request of that number, or
    gives (status, record or text[, headers]) in its place.

    Attributes:
        asked: the prompts, in the order of their coming; `keys`: the headers Authorization.
        most: requests at a time, at most.
    """

    def __init__(
        self,
        wrong: Callable[[dict[str, Any], str, int], Any] = lambda answer, prompt, count: answer,
        *,
        models: dict[str, Any] | None = None,
        wait: float = 0,
        port: int = 0,
    ) -> None:
        self.wrong, self.wait = wrong, wait
        self.models = {"data": [{"id": "m", **(models or {})}]}
        self.asked: list[str] = []
        self.keys: list[str | None] = []
        self.now, self.most, self.lock = 0, 0, threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *arguments: object) -> None:
                pass

            def do_GET(self) -> None:
                self.reply(200, double.models if self.path == "/v1/models" else {})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path != "/v1/completions":
                    self.reply(404, {"detail": "Not Found"})
                    return
                assert body["echo"] and body["logprobs"] and body["max_tokens"] == 1
                with double.lock:
                    double.asked.append(body["prompt"])
                    double.keys.append(self.headers.get("Authorization"))
                    count = len(double.asked)
                    double.now += 1
                    double.most = max(double.most, double.now)
                time.sleep(double.wait)
                answer = double.answer(body, count)
                with double.lock:
                    double.now -= 1
                self.reply(*answer) if isinstance(answer, tuple) else self.reply(200, answer)

            def reply(self, status: int, record: object, headers: Any = ()) -> None:
                data = record.encode() if isinstance(record, str) else json.dumps(record).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *arguments: object) -> None:  # whoever was asking is gone
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    def answer(self, body: dict[str, Any], count: int) -> Any:
        return self.wrong(told(body["prompt"]), body["prompt"], count)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@contextmanager
def serving(double: Double) -> Iterator[Double]:
    try:
        yield double
    finally:
        double.close()


def values(answer: dict[str, Any]) -> list[Any]:
    """The log-probabilities of an answer, to be changed in place."""
    found: list[Any] = answer["choices"][0]["logprobs"]["token_logprobs"]
    return found


def without_echo(answer, prompt, count):
    """llama.cpp's own server: the generated token alone."""
    logprobs = answer["choices"][0]["logprobs"]
    for name in logprobs:
        logprobs[name] = logprobs[name][-1:]
    return answer


def without_logprobs(answer, prompt, count):
    answer["choices"][0]["logprobs"] = None
    return answer


class Stale:
    """Reuses the log-probabilities of the prompt before, where it is cached."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def __call__(self, answer, prompt, count):
        found = values(answer)
        own = list(found)
        if count > 12:
            found[1 : len(self.kept)] = self.kept[1 : len(found)]
        self.kept = own
        return answer


def blind(answer, prompt, count):
    """Looks at a token alone, whatever stands before it."""
    data = (prompt + "x").encode()
    values(answer)[1:] = [logprob(b"", token) for token in data[1:]]
    return answer


def all_zero(answer, prompt, count):
    found = values(answer)
    found[1:] = [0.0] * (len(found) - 1)
    return answer


def one_too_late(answer, prompt, count):
    found = values(answer)
    found[2:-1] = found[1:-2]
    return answer


def noisy(answer, prompt, count):
    """As half precision: other sums in other batches."""
    found = values(answer)
    found[1:] = [value * (1 + 0.002 * (count % 3)) for value in found[1:]]
    return answer


def without_bos(answer, prompt, count):
    """llama-cpp-python: a mark stands before the prompt, and is counted but not listed."""
    answer["usage"]["prompt_tokens"] += 1
    values(answer)[0] = -2.5
    return answer


def as_vllm(answer, prompt, count):
    """As vLLM 0.32.0 spells tokens: one that ends within a character as "", but the first one of a text,
    and the last byte of a character as all of it. It counts and says more than others."""
    data = prompt.encode()
    read = [data[:size].decode(errors="ignore") for size in range(len(data) + 1)]
    tokens = [later[len(sooner) :] for sooner, later in pairwise(read)]
    tokens = [tokens[0] or "\ufffd", *tokens[1:], "x"]
    numbers = values(answer)
    (choice,) = answer["choices"]
    choice["logprobs"] |= {
        "tokens": tokens,
        "text_offset": [sum(map(len, tokens[:place])) for place in range(len(tokens))],
        "top_logprobs": [None, *({token: 0.0} for token in tokens[1:])],
    }
    told = [
        {str(token): {"logprob": number, "rank": 9, "decoded_token": text}}
        for token, number, text in zip(data, numbers, tokens, strict=False)
    ]
    choice |= {"prompt_logprobs": [None, *told[1:]], "prompt_token_ids": None, "token_ids": None}
    answer["usage"] |= {"total_tokens": len(data) + 1, "prompt_tokens_details": None}
    return answer


def as_vllm_ids(answer, prompt, count):
    """The same with --return-tokens-as-token-ids."""
    answer = as_vllm(answer, prompt, count)
    data = (prompt + "x").encode()
    answer["choices"][0]["logprobs"]["tokens"] = [f"token_id:{token}" for token in data]
    return answer


def chats(answer, prompt, count):
    return 404, {"error": {"message": "This is a chat model and not supported in the v1/completions "
                           "endpoint. Did you mean to use v1/chat/completions?"}}  # fmt: skip


def one_chats(answer, prompt, count):
    return 404, {"detail": "Not Found"}


def refuses_key(answer, prompt, count):
    return 401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}


def joins(answer, prompt, count):
    """Its tokenizer joins a line end and what follows."""
    logprobs = answer["choices"][0]["logprobs"]
    tokens, found = logprobs["tokens"], logprobs["token_logprobs"]
    place = 0
    while place < len(tokens) - 2:
        if tokens[place] == "\n":
            tokens[place : place + 2] = ["\n" + tokens[place + 1]]
            found[place : place + 2] = [found[place]]
            answer["usage"]["prompt_tokens"] -= 1
        place += 1
    return answer


def quick_server(double: Double, **options: Any) -> CompletionsServer:
    """A double's client, which waits for milliseconds between tries."""
    return CompletionsServer(double.url, "m", first_wait=0.001, **options)
