"""The peer of the experiment ``from_ann``, SpikingJelly's converter, in its own environment.

``python -m experiments._from_ann_peer FILE`` reads a network and images, answers with JSON.
"""

import json
import sys
import warnings
from typing import Any

import torch

from experiments._from_ann_network import network

RECIPES = ("max", "99.9 %")


def main() -> None:
    """Convert a network by every recipe; the accuracy after every step."""
    warnings.simplefilter("ignore")
    from spikingjelly.activation_based import ann2snn, functional

    torch.set_num_threads(1)
    asked: dict[str, Any] = torch.load(sys.argv[1], weights_only=True)
    shown = [(x, y) for x, y in zip(asked["shown"], asked["shown_labels"], strict=True)]
    recipes = {
        "max": lambda: ann2snn.RateCodingRecipe(dataloader=shown, mode="max"),
        "99.9 %": lambda: ann2snn.RateCodingRecipe(dataloader=shown, mode="99.9%"),
    }
    found = {}
    for name in RECIPES:
        ann = network().eval()
        ann.load_state_dict(asked["state"])
        net = ann2snn.Converter(recipes[name]()).convert(ann).eval()
        right = torch.zeros(asked["steps"])
        with torch.no_grad():
            for x, y in zip(asked["images"], asked["labels"], strict=True):
                functional.reset_net(net)
                total: Any = 0.0
                for t in range(asked["steps"]):
                    total = total + net(x)
                    right[t] += (total.argmax(1) == y).sum()
        found[name] = (right / asked["labels"].numel()).tolist()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
