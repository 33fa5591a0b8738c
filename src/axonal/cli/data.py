"""The commands about event data: info, convert, check, show."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from axonal.cli._terminal import Json, Stopped, UserError, print_json, users_own

KINDS = ("raster", "frame", "frames", "rate", "cloud", "animation")

app = typer.Typer(no_args_is_help=True, help="Look at event data, check it, and convert it.")

Source = Annotated[
    Path,
    typer.Argument(
        metavar="PATH",
        help="A recording, a file of events (.axe), spikes in SHD's layout, the folder of a "
        "published data set, or a folder with a folder of recordings per class.",
    ),
]
Sensor = Annotated[
    str | None,
    typer.Option(help="Width, height and polarities, 128x128x2 say.", show_default="the file's"),
]
Format = Annotated[
    str | None,
    typer.Option(help="Of recordings, where nothing tells.", show_default="by their content"),
]
Start = Annotated[int | None, typer.Option(help="First microsecond of the recording's clock.")]
Stop = Annotated[int | None, typer.Option(help="First microsecond that is not wanted any more.")]
Truncated = Annotated[
    bool, typer.Option("--truncated", help="Take what is whole of a file that is cut.")
]
Sort = Annotated[bool, typer.Option("--sort", help="Sort events that are not in time order.")]
Pauses = Annotated[
    bool, typer.Option("--pauses", help="Take any step back of a counter for a full turn of it.")
]
DataSet = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        help="The published data set in the folder; another name lists those that are known.",
        show_default="by its files",
    ),
]
Split = Annotated[
    list[str] | None,
    typer.Option(
        help="Of a published data set; may be repeated.", show_default="all that are there"
    ),
]
Sample = Annotated[int | None, typer.Option(min=0, help="One sample of many, counted from 0.")]


@app.command()
def info(
    path: Source,
    sensor: Sensor = None,
    format: Format = None,
    truncated: Truncated = False,
    pauses: Pauses = False,
    dataset: DataSet = None,
    as_json: Json = False,
) -> None:
    """Show format, sensor, events, times, rate and classes."""
    from axonal.cli import _event_info
    from axonal.cli._event_reading import Reading

    with users_own(ValueError, TypeError, OSError, ImportError):
        reading = Reading.of(sensor=sensor, format=format, truncated=truncated, pauses=pauses)
        answer = _event_info.describe(path, reading, dataset)
    _answer(answer, as_json)


@app.command()
def convert(
    path: Source,
    out: Annotated[
        Path,
        typer.Argument(
            help="A file of events (.axe), or for one recording .es or .raw (EVT 2.0), or SHD's "
            "layout (.h5); of a published data set the folder of a file per split."
        ),
    ],
    sensor: Sensor = None,
    format: Format = None,
    start: Start = None,
    stop: Stop = None,
    truncated: Truncated = False,
    sort: Sort = False,
    pauses: Pauses = False,
    rebase: Annotated[
        bool, typer.Option("--rebase", help="Let every sample begin at its first event.")
    ] = False,
    sample: Sample = None,
    dataset: DataSet = None,
    split: Split = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: Json = False,
) -> None:
    """Convert recordings into one file of events, or an event file into another format.

    A conversion into .axe that was stopped goes on where it stopped if the command is repeated.
    """
    from axonal.cli import _event_conversion
    from axonal.cli._event_reading import Reading

    try:
        with users_own(ValueError, TypeError, OSError, ImportError, IndexError):
            reading = Reading.of(
                sensor=sensor,
                format=format,
                start=start,
                stop=stop,
                truncated=truncated,
                sort=sort,
                pauses=pauses,
            )
            request = _event_conversion.Request(
                path, out, reading, rebase, sample, dataset, split, force, _watched(as_json)
            )
            answer = _event_conversion.convert(request)
    except KeyboardInterrupt as end:
        raise Stopped("The same command goes on where it stopped.") from end
    _answer(answer, as_json)


@app.command()
def check(
    path: Source,
    sensor: Sensor = None,
    format: Format = None,
    pauses: Pauses = False,
    dataset: DataSet = None,
    split: Split = None,
    as_json: Json = False,
) -> None:
    """Read everything: checksums, the order of events, addresses, the files of a data set."""
    from axonal.cli import _event_check
    from axonal.cli._event_reading import Reading

    with users_own(ValueError, TypeError, OSError, ImportError):
        reading = Reading.of(sensor=sensor, format=format, pauses=pauses)
        answer = _event_check.check(path, reading, dataset, split, progress=_watched(as_json))
    _answer(answer, as_json)


@app.command()
def show(
    path: Source,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Figure (.png, .pdf, .svg) or animation (.gif, .html).",
            show_default="the name of PATH with .png, here",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(KINDS)}.", show_default="frames of a camera, else raster"),
    ] = None,
    sample: Sample = None,
    start: Start = None,
    stop: Stop = None,
    dt: Annotated[
        int | None,
        typer.Option(min=1, help="Microseconds per picture of an animation.", show_default="1/50"),
    ] = None,
    sensor: Sensor = None,
    format: Format = None,
    truncated: Truncated = False,
    pauses: Pauses = False,
    as_json: Json = False,
) -> None:
    """Draw a recording, or one sample of many."""
    if kind is not None and kind not in KINDS:
        raise UserError(f"--kind takes {', '.join(KINDS[:-1])} or {KINDS[-1]}, got {kind!r}.")
    from axonal.cli import _event_pictures
    from axonal.cli._event_reading import Reading

    with users_own(ValueError, TypeError, OSError, ImportError, IndexError):
        reading = Reading.of(
            sensor=sensor,
            format=format,
            start=start,
            stop=stop,
            truncated=truncated,
            pauses=pauses,
        )
        answer = _event_pictures.show(
            path, reading, out=out, kind=kind, sample=sample, dt=dt, progress=_watched(as_json)
        )
    _answer(answer, as_json)


def _watched(as_json: bool) -> bool:
    """Whether somebody sees a bar, which an error of one line would otherwise follow in a log."""
    return not as_json and sys.stderr.isatty()


def _answer(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    lines = [(name, _words(value)) for name, value in answer.items() if value not in (None, [], {})]
    typer.echo("\n".join(f"{name.replace('_', ' '):<20} {text}" for name, text in lines))


def _words(value: Any) -> str:
    """A value of an answer for a person."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
