"""A server with a real model behind it."""

from __future__ import annotations

import threading

import pytest
from doubles import Double, serving, told, values

from livebench.language_models.prompt import line_of, read_prompt
from livebench.language_models.server_scorer import ServerScorer
from livebench.scoring.runner import read_samples


def test_a_real_model_behind_the_route(frozen, dataset):
    """A small Llama with random weights, whose tokens are bytes: the scores are its own."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=257,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
    )
    model = transformers.LlamaForCausalLM(config).eval()
    lock = threading.Lock()

    def logprobs(data: bytes) -> torch.Tensor:
        """[tokens + 1, 257]: what the model says after the mark at the beginning, and each byte."""
        with torch.no_grad(), lock:
            return model(torch.tensor([[256, *data]])).logits[0].log_softmax(-1)

    def real(answer, prompt, count):
        data = prompt.encode()
        table = logprobs(data)
        made = int(table[-1, :128].argmax())
        found = told(prompt, made)
        values(found)[:] = [
            *table[:-1].gather(1, torch.tensor(list(data))[:, None])[:, 0].tolist(),
            float(table[-1, made]),
        ]
        found["usage"]["prompt_tokens"] += 1
        return found

    some = [
        sample._replace(candidates=sample.candidates[:3])
        for _, sample in read_samples(frozen, dataset, "video")
    ][:2]
    with serving(Double(real)) as double:
        found = ServerScorer(double.url, "m").score_samples(some)
    for sample, row in zip(some, found, strict=True):
        context = read_prompt().context(*sample[:2]).encode()
        for candidate, one in zip(sample.candidates, row, strict=True):
            line = line_of(candidate).encode()
            table = logprobs(context + line)
            expected = sum(
                float(table[len(context) + place, byte]) for place, byte in enumerate(line)
            )
            assert abs(one.total - expected) <= 1e-4 * max(1, abs(expected))
            assert one.tokens == len(line)
