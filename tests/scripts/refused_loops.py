"""Loops over time whose steps differ: `refused_loops.py` prints the messages as JSON.

Runs in the environment of the peers.
"""

import json
import warnings

import torch
from torch import nn

from axonal import neuro

warnings.simplefilter("ignore")  # what a framework says at import is not ours to answer

import norse.torch as norse  # noqa: E402
import snntorch as snn  # noqa: E402


class Small(nn.Module):
    """The layers of the refused loops."""

    def __init__(self):
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(3, 4), snn.Leaky(0.9)
        self.fc2, self.lif2 = nn.Linear(4, 4), snn.Leaky(0.8)
        self.li = norse.LICell()

    def run(self, x, current, mem=None):
        mem, spk, out, mems = self.lif1.init_leaky() if mem is None else mem, None, [], []
        for step in range(x.size(0)):
            spk, mem = self.lif1(current(x, step, spk), mem)
            out.append(spk)
            mems.append(mem)
        return out, mems


class Branches(Small):
    def forward(self, x):
        mem, out = self.lif1.init_leaky(), []
        for x_t in x:
            spk, mem = self.lif1(self.fc1(x_t), mem)
            out.append(spk)
            if spk.sum() > 5:
                break
        return torch.stack(out)


class Feedback(Small):
    def forward(self, x):
        def current(x, step, spk):
            return self.fc1(x[step]) if spk is None else self.fc1(x[step]) + self.fc2(spk)

        return torch.stack(self.run(x, current)[0])


class Differs(Small):
    def forward(self, x):
        def current(x, step, spk):
            return self.fc1(x[step]) * (2 if step == 3 else 1)

        return torch.stack(self.run(x, current)[0])


class Backwards(Small):
    def forward(self, x):
        return torch.stack(self.run(x, lambda x, t, spk: self.fc1(x[len(x) - 1 - t]))[0])


class Thinned(Small):
    def forward(self, x):
        return torch.stack(self.run(x, lambda x, t, spk: self.fc1(x[t]))[0][::2])


class Awake(Small):
    def forward(self, x):
        mem = torch.ones(x.size(1), 4)
        return torch.stack(self.run(x, lambda x, t, spk: self.fc1(x[t]), mem)[0])


class Potential(Small):
    def forward(self, x):
        return torch.stack(self.run(x, lambda x, t, spk: self.fc1(x[t]))[1]).max(0).values


class Later(Small):
    def forward(self, x):
        return self.fc2(torch.stack(self.run(x, lambda x, t, spk: self.fc1(x[t]))[0]).mean(0))


class Draws(Small):
    def forward(self, x):
        def current(x, step, spk):
            return self.fc1((torch.rand_like(x[step]) < x[step]).to(x.dtype))

        return torch.stack(self.run(x, current)[0])


class Modes(Small):
    def forward(self, x):
        gain = 2 if self.training else 1
        return torch.stack(self.run(x, lambda x, t, spk: gain * self.fc1(x[t]))[0])


class Twice(Small):
    def forward(self, x):
        mem, out = self.lif1.init_leaky(), []
        for x_t in x:
            spk, mem = self.lif1(self.fc1(x_t), mem)
            spk, mem = self.lif1(self.fc2(spk), mem)
            out.append(spk)
        return torch.stack(out)


class Forgets(Small):
    def forward(self, x):
        return torch.stack([self.li(self.fc1(x_t))[0] for x_t in x])


class Batch(Small):
    def forward(self, x):
        out = self.run(x, lambda x, t, spk: self.fc1(x[t]))[0]
        return torch.stack(out).sum(0) / x.size(1)


def message(module):
    package = "norse" if isinstance(module, Forgets) else "snntorch"
    for name in ("li",) if package == "snntorch" else ("lif1", "lif2"):
        delattr(module, name)
    try:
        getattr(neuro, f"from_{package}")(module)
    except neuro.ConversionError as error:
        return str(error)
    return "imported"


REFUSED = (
    Branches, Feedback, Differs, Backwards, Thinned, Awake, Potential, Later, Draws, Modes, Twice,
    Forgets, Batch,
)  # fmt: skip


if __name__ == "__main__":
    print(json.dumps({kind.__name__: message(kind()) for kind in REFUSED}))
