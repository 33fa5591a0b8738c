"""JSON of strangers: parsed within bounds, so that everything that follows can walk over it."""

import json
from typing import Any

DEEPEST = 64


def parse_json(text: str | bytes) -> Any:
    """Parse JSON that is nested up to 64 deep.

    Deeper texts would parse, and then end the programs that walk over them or write them again.

    Raises:
        ValueError: one line that says why it is none: a syntax error, bytes that are no UTF-8, a
            number of thousands of digits, or deeper nesting.

    >>> parse_json("[" * 65 + "]" * 65)
    Traceback (most recent call last):
    ValueError: it is nested more than 64 deep
    """
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} deep") from None
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None
    except ValueError as error:
        raise ValueError(" ".join(str(error).split())) from None
    level = [values]
    for _ in range(DEEPEST + 1):
        level = [one for one in level if isinstance(one, list | dict)]
        if not level:
            return values
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = [below for items in inside for below in items]
    raise ValueError(f"it is nested more than {DEEPEST} deep")
