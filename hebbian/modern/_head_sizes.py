"""Sizes of a head, from what is given and what is not projected."""

from axonal.hebbian.modern import _checks


def hidden(
    given: int | None,
    input_size: int,
    num_heads: int,
    static: dict[str, tuple[bool, int]],
    who: str,
) -> int:
    """Size of the association space of a head."""
    whole = {name: size for name, (is_static, size) in static.items() if is_static}
    if given is None and whole:
        given = next(iter(whole.values()))
    if given is None:
        given, rest = divmod(input_size, num_heads)
        if rest or not given:
            raise ValueError(
                f"{who} expects input_size = {input_size} to be a multiple of num_heads = "
                f"{num_heads}: give hidden_size, the size of a head."
            )
    _checks.count(given, "hidden_size", who)
    for name, size in whole.items():
        if size != given:
            raise ValueError(
                f"{who}: a static pattern is not projected, so {name} = {size} has to be "
                f"hidden_size = {given}."
            )
    return given


def pattern(given: int | None, hidden_size: int, whole: int | None, who: str) -> int:
    """Size of the values of a head; ``whole`` is that of static ones."""
    if given is None:
        return hidden_size if whole is None else whole
    _checks.count(given, "pattern_size", who)
    if whole not in (None, given):
        raise ValueError(
            f"{who}: static values are not projected, so pattern_size = {given} has to be {whole}."
        )
    return given
