"""Page of the formats: `python -m axonal.datasets.readers > docs/event-files.md`."""

from axonal._base.tables import markdown_table
from axonal.datasets.readers.formats import FORMATS

HEAD = """\
# Files of events

Written by `python -m axonal.datasets.readers` from the formats themselves; a test compares it.

`axonal.datasets.read(path)` finds the format by what the file holds. `stream(path)` gives the same
events some at a time, in memory that does not grow with the file. Both take a window, `start` and
`stop`, in microseconds of the file's clock, and nothing behind `stop` is looked at.

"""

FOOT = """
## Time

Counters that begin anew are unwrapped: a step back by more than half of a counter's range is a full
turn. Any other step back of the clock is an error that names the byte; `sort=True` takes such a
file and sorts its events.

A pause of more than half of the range (4.2 s of 23 bits, 8.4 s of 24, 36 min of 32, 2.4 h of 34) is
such an error as well: nothing tells it from a clock that jumps back. `pauses=True` takes any step
back for a full turn. A pause longer than a whole turn is not in the file, and is read as shorter.

## Damage

What is wrong with a file is an `EventFileError`, a `ValueError` of one line that names the file,
the byte and what helps. A file that ends within an event, or whose beginning is missing, is such an
error; `truncated=True` gives what is whole. Sizes in a file are held against its bytes before
anything is allocated. `make fuzz-readers` tries every reader on 10 000 damaged files.

## Differences from other readers

- The sample of EVT 3.0 has a reference decode, which is that of expelliarmus 1.1.12. Places and
  polarities are the same in all 219 596 events, times are not: the reference adds 4096 microseconds
  whenever the lower half of the time falls, also where the upper half has told so itself. By the
  words of the file the recording takes 8.8 ms, by the reference 53.9 ms. A test holds the
  difference to 4096 microseconds times the falls before each event. evlib 0.13.2 reads the times
  that are read here. faery 0.7.1 does so too, but holds its clock where the camera takes a step of
  up to 11 microseconds back.
- Event Stream: rows are as stored, as in event_stream 1.6.3; faery turns them upside down.
- AEDAT 2.0: rows are counted from above and columns from the left, as in all other formats: of a
  DVS128 x = 127 - column and y = 127 - row, of a DAVIS x = width - 1 - column and y = height - 1 -
  row. Polarity of a DVS128 is 1 where its bit is 0. jAER and libcaer have it so; the published page
  names bit 1 as brighter. No recording was at hand to see which is right. Programs that take
  columns as stored give mirrored pictures.

## Many recordings in a file

`read_shd` reads SHD and SSC, `read_ntidigits` N-TIDIGITS. `read_gestures` cuts a recording of
DVS128 Gesture by its table. `write_es` and `write_evt2` write a recording.
"""


def page() -> str:
    """The page."""
    head = ["name", "format", "sensor", "clock", "what is no event"]
    rows = [[f"`{f.name}`", f.title, f.sensor, f.clock, f.kept] for f in FORMATS.values()]
    checked = [[f.title, f.layout, f.checked] for f in FORMATS.values()]
    parts = [
        HEAD,
        markdown_table(head, rows),
        "\n\n## What each was held against\n\n",
        markdown_table(["format", "layout", "checked on"], checked),
        "\n",
        FOOT,
    ]
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
