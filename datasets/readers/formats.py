"""The formats that are known, in the order in which they are looked for."""

from axonal.datasets.readers import (
    aedat2,
    aedat3,
    aedat4,
    bits40,
    dat,
    event_stream,
    evt2,
    evt3,
    evt21,
    metavision,
    stmnist,
)
from axonal.datasets.readers.format import Format
from axonal.datasets.readers.source import Source

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        evt2.FORMAT,
        evt21.FORMAT,
        evt3.FORMAT,
        dat.FORMAT,
        event_stream.FORMAT,
        aedat2.FORMAT,
        aedat3.FORMAT,
        aedat4.FORMAT,
        metavision.FORMAT,
        stmnist.FORMAT,
        bits40.PIXEL_FORMAT,
        bits40.NEURON_FORMAT,
    )
}


def recognised(source: Source) -> Format:
    """The format of a file, by its first bytes.

    Raises:
        EventFileError: it is empty, or none that is known.
    """
    if not source.size:
        raise source.error(0, "the file is empty.")
    for one in FORMATS.values():
        if one.matches(source.head):
            return one
    known = "; ".join(one.title for one in FORMATS.values())
    raise source.error(
        0,
        f"none of the formats that are known, which are {known}. A file of .bin or .bs1 with fewer "
        f'than {bits40.LEAST} events is told by nothing: write read(path, format="bin") or "bs1".',
    )
