"""What other libraries read of a file of events: `python read_by_peers.py PEER FILE OUT.npz`."""

import sys
from pathlib import Path

import numpy as np


def columns(peer: str, path: str) -> dict[str, np.ndarray]:
    """Columns by the peer's own names."""
    if peer == "aedat":
        import aedat

        found = [one["events"] for one in aedat.Decoder(path) if "events" in one]
        events = np.concatenate(found)
    elif peer == "event_stream":
        import event_stream

        events = np.concatenate(list(event_stream.Decoder(path)))
    elif peer == "evlib":
        import evlib

        found = evlib.load_events(path).collect()
        t = found["t"].to_numpy().astype("timedelta64[us]").astype(np.int64)
        return {
            "t": t,
            "x": found["x"].to_numpy(),
            "y": found["y"].to_numpy(),
            "p": found["polarity"].to_numpy() > 0,
        }
    elif peer == "faery":
        import faery

        events = faery.events_stream_from_file(path).to_array()
    else:
        from expelliarmus import Wizard

        events = Wizard(encoding=peer.removeprefix("expelliarmus "), fpath=path).read()
    held = {name: events[name] for name in events.dtype.names if name != "bytes"}
    if "bytes" in events.dtype.names:
        held["size"] = np.array([len(one) for one in events["bytes"]])
        held["data"] = np.frombuffer(b"".join(map(bytes, events["bytes"])), np.uint8)
    return held


if __name__ == "__main__":
    np.savez(Path(sys.argv[3]), **columns(sys.argv[1], sys.argv[2]))
