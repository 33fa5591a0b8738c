"""Run folders and checkpoints as targets."""

import io
import os
import random
import shutil
import zipfile
from typing import Any

from fuzz.mutations import mutate
from fuzz.target import Target


class Run(Target):
    """A run folder; sealed: its checksums, and in the model those of the zip as well, are right."""

    name = "run folder"

    def make(self) -> None:
        from axonal import recipes

        shutil.copytree(recipes.trained("digits"), self.path)

    def prepare(self) -> None:
        self.files = {f: f.read_bytes() for f in sorted(self.path.iterdir())}

    def size(self) -> int:
        return sum(os.path.getsize(f) for f in self.files)

    def damage(self, r: random.Random, sealed: bool) -> None:
        from axonal.recipes._checksums import checksums

        for file, content in self.files.items():
            file.write_bytes(content)
        sums = self.path / "checksums.sha256"
        file = r.choice([f for f in self.files if not sealed or f != sums])
        content = self.files[file]
        zipped = sealed and file.name == "model.pt" and r.random() < 0.8
        file.write_bytes(repacked(content, r) if zipped else mutate(content, r))
        if sealed:
            kept = {f.name: f.read_bytes() for f in self.files if f != sums}
            sums.write_text(checksums(kept))

    def read(self) -> Any:
        from axonal import recipes
        from axonal.recipes._run_folder import RunFolder

        net, settings = recipes.load_run(self.path)
        state = {name: x.numpy() for name, x in net.state_dict().items()}
        return state, settings, RunFolder(self.path).read_summary()


class Checkpoint(Target):
    """Where training goes on; sealed: the checksums of its zip are right."""

    name = "checkpoint"

    def make(self) -> None:
        import torch

        from axonal.recipes import _lightning, digits
        from axonal.recipes._run_folder import RunFolder

        settings = digits.Settings(hidden=4)
        self.training = _lightning.Training(digits.build(settings), settings)
        self.run = RunFolder(self.path.parent / "run")
        self.path = self.run.checkpoint
        self.path.parent.mkdir(parents=True)
        values = {"epoch": 0, "history": [{"epoch": 0.0}], "loops": {}, "optimizer_states": []}
        torch.save({**values, "state_dict": self.training.state_dict()}, self.path)

    def damage(self, r: random.Random, sealed: bool) -> None:
        self.path.write_bytes(repacked(self.whole, r) if sealed else mutate(self.whole, r))

    def read(self) -> Any:
        from axonal.recipes import _lightning, _weights

        _lightning.check_checkpoint(self.run, self.training)
        found, _ = _weights.read_torch(self.path.read_bytes())
        return {**found, "state_dict": {k: x.numpy() for k, x in found["state_dict"].items()}}


def repacked(content: bytes, r: random.Random) -> bytes:
    """A file of torch with a change in one part, under a checksum of the zip that is right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = r.choice(list(parts))
    parts[name] = mutate(parts[name], r)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()
