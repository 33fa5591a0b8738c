"""The error that is the user's to mend, told apart from those that are ours."""


class RecipeError(ValueError):
    """A setting, a name or a folder that does not fit; its one line says what to write instead."""
