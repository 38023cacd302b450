"""A server of completions as OpenAI once defined them: log-probabilities of the tokens of a prompt.

Asked with `echo` and `logprobs`, such a server (vLLM, SGLang, llama-cpp-python) tells of each token of
the prompt how likely it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from livebench.errors import LiveBenchError, one_line
from livebench.extras import need

CONCURRENCY = 16
"""Requests at a time; the scores do not depend on it."""

TIMEOUT = 600.0
"""Seconds to wait for an answer."""

FIRST_WAIT = 0.5
"""Seconds before a request is sent a third time; then twice as long each time."""

_TRIES = 7
_BUSY = (429, 500, 502, 503, 504)
_QUOTED = 300
"""Characters of a server's message that are repeated, at most."""

_SURE = 1e-3
"""A log-probability above this is none: rounding makes some a little greater than 0."""

_GOES_ON = "scores so far are kept: the same command goes on from there"

_Asked = TypeVar("_Asked")
_Told = TypeVar("_Told")


class TokenLogprobs(NamedTuple):
    """The tokens that a server found in a prompt.

    Attributes:
        tokens: as it spells them.
        logprobs: of each token, given those before it; that of the first may be NaN.
        made: the tokens that it would write next, with their log-probabilities; at most one.
        written: the same as text; empty if it does not say.
    """

    tokens: tuple[str, ...]
    logprobs: tuple[float, ...]
    made: tuple[tuple[str, float], ...] = ()
    written: str = ""


class RefusedRequest(LiveBenchError):
    """The server refused a request; `status` is that of HTTP, `said` what the server said of it."""

    def __init__(self, where: str, status: int, said: str) -> None:
        super().__init__(where, f"refused the request ({status}): {said or 'without a word'}")
        self.status, self.said = status, said


class CompletionsServer:
    """A model on a server.

    Args:
        url: up to /v1, or the route of completions itself.
        model: as the server names it.
        key: sent as a bearer token; empty for none.
        concurrency: requests at a time.
        timeout: seconds to wait for an answer.
        first_wait: as FIRST_WAIT.

    Raises:
        LiveBenchError: the address is none, or has a password in it; or urllib3 is not installed.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str = "",
        concurrency: int = CONCURRENCY,
        timeout: float = TIMEOUT,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self.url, self.model = base_url(url), model
        self.concurrency = concurrency
        self._key, self._wait = key, first_wait
        self._library: Any = need("urllib3", "openai")
        self._pool = self._library.PoolManager(
            maxsize=concurrency,
            block=True,
            timeout=self._library.Timeout(connect=min(10.0, timeout), read=timeout),
        )

    def each(self, function: Callable[[_Asked], _Told], asked: Iterable[_Asked]) -> list[_Told]:
        """Call a function that sends requests for each thing, several at a time, in any order.

        Raises:
            LiveBenchError: a call raised; no further ones are begun.
        """
        with ThreadPoolExecutor(self.concurrency) as threads:
            futures = [threads.submit(function, one) for one in asked]
            try:
                return [future.result() for future in futures]
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    def models(self) -> dict[str, dict[str, Any]]:
        """The models that it says it has, by name; none if it does not say."""
        try:
            answer = self._request("GET", "/models", None, tries=2)
        except LiveBenchError:
            return {}
        data = answer.get("data")
        listed = data if isinstance(data, list) else []
        return {str(one["id"]): one for one in listed if isinstance(one, dict) and "id" in one}

    def logprobs(self, prompt: str, *, tries: int = _TRIES) -> TokenLogprobs:
        """The tokens of a prompt with their log-probabilities.

        Raises:
            RefusedRequest: the server does not take the prompt.
            LiveBenchError: it cannot be reached, stays busy, or its answer does not have a
                log-probability for each token of the prompt.
        """
        body = {
            "model": self.model,
            "prompt": prompt,
            "max_tokens": 1,  # not 0, which vLLM refuses
            "temperature": 0,
            "echo": True,
            "logprobs": 1,
        }
        return self._read(self._request("POST", "/completions", body, tries=tries), prompt)

    def _request(
        self, method: str, route: str, body: dict[str, Any] | None, *, tries: int
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        retries = self._library.Retry(
            total=tries - 1,
            backoff_factor=self._wait,
            backoff_jitter=self._wait / 2,
            status_forcelist=_BUSY,
            allowed_methods=None,  # scoring a prompt twice changes nothing
            redirect=0,  # no key goes to another place than was named
            raise_on_status=False,
            raise_on_redirect=False,
        )
        data = None if body is None else json.dumps(body).encode()
        try:
            answer = self._pool.request(
                method,
                self.url + route,
                body=data,
                headers=headers,
                retries=retries,
                redirect=False,
            )
        except self._library.exceptions.HTTPError as error:
            raise self._unreachable(error, tries) from None
        if answer.status in _BUSY:
            said = f"is busy or broken: it answered {answer.status} to each of {tries} requests"
            raise LiveBenchError(self.url, f"{said} ({self._said(answer.data)})", _GOES_ON)
        if answer.status != 200:
            raise RefusedRequest(self.url, answer.status, self._said(answer.data))
        try:
            found = json.loads(answer.data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            what = f"does not speak as OpenAI's: it sent {self._quoted(answer.data)}"
            raise LiveBenchError(self.url, what, "give the address up to /v1")
        if isinstance(found.get("error"), dict):  # some say so with status 200
            raise RefusedRequest(self.url, 200, self._said(answer.data))
        return found

    def _unreachable(self, error: Exception, tries: int) -> LiveBenchError:
        reason = getattr(error, "reason", None) or error
        # urllib3 says "HTTPConnection(host=..., port=...): Failed to ...: [Errno 111] ...".
        text = self._quoted(str(reason).rpartition("): ")[2].encode())
        return LiveBenchError(
            self.url, f"gave no answer to {tries} requests: {text}", f"start it; {_GOES_ON}"
        )

    def _said(self, data: bytes) -> str:
        """What an error says, on one line, without the key."""
        try:
            found = json.loads(data)
        except ValueError:
            return self._quoted(data)
        for name in ("error", "message", "detail"):
            while isinstance(found, dict) and name in found:
                found = found[name]
        text = found if isinstance(found, str) else json.dumps(found)
        return self._quoted(text.encode())

    def _quoted(self, data: bytes) -> str:
        text = data[: 10 * _QUOTED].decode("utf-8", "replace")
        return one_line(text.replace(self._key, "***") if self._key else text, _QUOTED)

    def _read(self, answer: dict[str, Any], prompt: str) -> TokenLogprobs:
        """The tokens of a prompt, from a completion."""
        try:
            (choice,) = answer["choices"]
            usage = answer.get("usage") or {}
            in_prompt, made = usage["prompt_tokens"], usage.get("completion_tokens", 0)
        except (KeyError, TypeError, ValueError):
            what = "does not answer with one choice and the number of its tokens (usage)"
            raise self._unfit(what) from None
        found = choice.get("logprobs") if isinstance(choice, dict) else None
        values = found.get("token_logprobs") if isinstance(found, dict) else None
        tokens = found.get("tokens") if isinstance(found, dict) else None
        if (
            not isinstance(values, list)
            or not isinstance(tokens, list)
            or len(values) != len(tokens)
        ):
            raise self._unfit("gives no log-probabilities of tokens (logprobs)")
        listed = len(values) - made
        # llama-cpp-python leaves the mark at the beginning away.
        if listed not in (in_prompt, in_prompt - 1) or listed < 1:
            raise self._unfit(
                f"ignores echo: it gave {max(0, listed)} log-probabilities for the {in_prompt} tokens "
                "of a prompt (as llama.cpp's own server does), and every score would be 0"
            )
        numbers = [_number(value) for value in values]
        if any(math.isnan(number) for number in numbers[1:]) or max(numbers[1:], default=0) > _SURE:
            raise self._unfit("gives log-probabilities that are missing, not numbers, or above 0")
        spelled = [str(token) for token in tokens]
        text = str(choice.get("text", ""))
        return TokenLogprobs(
            tuple(spelled[:listed]),
            tuple(numbers[:listed]),
            tuple(zip(spelled[listed:], numbers[listed:], strict=True)),
            text[len(prompt) :] if text.startswith(prompt) else "",
        )

    def _unfit(self, what: str) -> LiveBenchError:
        fix = "serve the model with vLLM, SGLang or llama-cpp-python, or score it by --hf"
        return LiveBenchError(self.url, what, fix)


def base_url(url: str, where: str = "--openai") -> str:
    """The address of a server up to /v1.

    Args:
        url: of it.
        where: it was given, for errors. They do not repeat it: there may be a secret in it.

    Raises:
        LiveBenchError: it is none, or has a password or a query, which would be written into results.
    """
    if any(mark in url for mark in "@?#"):
        what = "an address is written into results, and this one has more in it than host and path"
        raise LiveBenchError(where, what, "put the key into OPENAI_API_KEY")
    try:
        parts = urlsplit(url.strip())
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        fits = False
    if not fits:
        fix = "write it like http://127.0.0.1:8000/v1"
        raise LiveBenchError(where, "is no address of a server", fix)
    path = parts.path.rstrip("/").removesuffix("/completions").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path or '/v1'}"


def _number(value: object) -> float:
    """A log-probability; NaN if it is none. JSON of Python's may hold -Infinity."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else math.nan  # type: ignore[arg-type]
