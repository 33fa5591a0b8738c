"""Language models beside a transformer and an LSTM: tokens per second in training and writing."""

import math
import time
from collections.abc import Callable
from itertools import islice, pairwise

import psutil
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal.recipes._language_model import LanguageModel
from axonal.recipes._transformer import Transformer
from benchmarks._measure import Table, Times, interleaved
from benchmarks.growth import exponent

TOKENS, WIDTH, LAYERS = 65, 128, 2
TRANSFORMER_UNITS, TERNARY_UNITS, LSTM_UNITS = 580, 384, 266
"""With as many parameters as SpikeGPT has, to 1 %."""
LENGTHS = (256, 512, 1024, 2048, 4096)
HEARD = 4096
"""Tokens per update, windows of a length and their number together."""
WRITTEN = (1_000, 2_000, 5_000, 10_000)
"""Tokens after which the time and the memory of a text are looked at."""


def models(width: int) -> dict[str, nn.Module]:
    """Models of equal size at the width that is measured."""
    torch.manual_seed(0)
    return {
        "axonal": neuro.SpikeGPT(TOKENS, size=width, layers=LAYERS),
        "axonal, no LIFs": neuro.SpikeGPT(
            TOKENS, size=width, layers=LAYERS, spiking=False, binary=False
        ),
        "axonal, ternary": neuro.TernaryLM(TOKENS, size=width, layers=LAYERS, hidden=TERNARY_UNITS),
        "transformer": Transformer(TOKENS, size=width, layers=LAYERS, hidden=TRANSFORMER_UNITS),
        "torch.nn.LSTM": LanguageModel(TOKENS, (width, LSTM_UNITS), cell="lstm"),
    }


def training(table: Table, *, quick: bool) -> None:
    """Forward and backward of equally many tokens in longer and longer windows."""
    width, lengths, heard = (16, (16, 32), 64) if quick else (WIDTH, LENGTHS, HEARD)
    compared = models(width)
    ratios: list[float] = []
    for steps in lengths:
        tokens = torch.randint(TOKENS, (steps + 1, heard // steps))
        works = {name: _update(model, tokens) for name, model in compared.items()}
        times = interleaved(works, repetitions=1)
        case = f"training, T {steps}, B {heard // steps}, width {width}"
        for name, taken in times.items():
            ratio = taken.best / times["axonal"].best
            size = sum(p.numel() for p in compared[name].parameters())
            told = f"{heard / taken.best:.0f} tokens/s, {size} parameters"
            table.add_times(case, name, taken, ratio, told)
        ratios.append(times["transformer"].best / times["axonal"].best)
    table.remarks.append(_crossing(lengths, ratios))


def _update(model: nn.Module, tokens: Tensor) -> Callable[[], object]:
    parameters = list(model.parameters())

    def once() -> object:
        logits, _ = model(tokens[:-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[1:].flatten())
        return torch.autograd.grad(loss, parameters)

    return once


def _crossing(lengths: tuple[int, ...], ratios: list[float]) -> str:
    """The length from which on a transformer is slower, between those that were measured."""
    marks = list(zip(lengths, ratios, strict=True))
    for (short, before), (long, after) in pairwise(marks):
        if before < 1 <= after:
            way = -math.log(before) / (math.log(after) - math.log(before))
            at = short * (long / short) ** way
            return (
                f"SpikeGPT trains faster than the transformer from windows of {at:.0f} tokens on."
            )
    never = "at every length" if ratios[0] >= 1 else "at no length"
    return f"SpikeGPT trains faster than the transformer {never} that was measured."


def writing(table: Table, *, quick: bool) -> None:
    """One text, token by token: time per token, and what grows with the text."""
    width, marks = (16, (10, 20)) if quick else (WIDTH, WRITTEN)
    first: float | None = None
    for name, model in models(width).items():
        if name == "transformer":  # has no state: it reads its whole past for every token
            continue
        model.eval()
        text = neuro.generate(model, [[1, 2, 3]])
        next(text)
        taken, held = [0.0], [0]
        for before, mark in pairwise((0, *marks)):
            begun = time.thread_time()
            for _ in islice(text, mark - before):
                pass
            taken.append(taken[-1] + time.thread_time() - begun)
            held.append(psutil.Process().memory_info().rss)
        slope, grown = exponent(list(marks), taken[1:]), (held[-1] - held[1]) / 2**20
        first = taken[-1] if first is None else first
        told = f"{marks[-1] / taken[-1]:.0f} tokens/s, slope {slope:.2f}, "
        told += f"memory {grown:+.1f} MiB from token {marks[0]} on"
        case = f"writing {marks[-1]} tokens, width {width}"
        table.add_times(case, name, Times([taken[-1]]), taken[-1] / first, told)
