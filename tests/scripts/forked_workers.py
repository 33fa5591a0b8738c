"""Forked workers of a DataLoader run a Network that has already run in their parent."""

import torch
from torch.utils.data import DataLoader, Dataset

from axonal import neuro


class Encoded(Dataset):
    """Samples that are the output of a network."""

    def __init__(self):
        torch.manual_seed(0)
        self.net = neuro.Sequential(
            neuro.DelayedLinear(20, 64, 3),
            neuro.LIF(64, threshold=0.3),
            neuro.Recurrent(neuro.LIF(64), neuro.Linear(64, 64)),
        ).eval()
        self.x = (torch.rand(12, 50, 1, 20) < 0.3).float()

    def __len__(self):
        return len(self.x)

    @torch.no_grad()
    def __getitem__(self, index):
        return self.net(self.x[index])[0]


def main():
    data = Encoded()
    expected = torch.stack([data[i] for i in range(len(data))])  # starts the parent's threads
    loader = DataLoader(data, 3, num_workers=2, multiprocessing_context="fork", timeout=60)
    for _ in range(2):
        if not torch.equal(torch.cat(list(loader)), expected) or not expected.any():
            raise SystemExit("the workers' spikes differ from the parent's")
    print("12 samples equal")


if __name__ == "__main__":
    main()
