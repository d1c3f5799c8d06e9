"""Reads the lists that the generator draws from. They are TOML so that one line adds one entry."""

import pathlib
import tomllib

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "lists"


def table(name):
    """One file of `lists/` as it stands."""
    with open(FOLDER / f"{name}.toml", "rb") as file:
        return tomllib.load(file)


def lists_of(data):
    """Only the entries that are lists of lines: the part a grammar takes."""
    return {
        key: value
        for key, value in data.items()
        if isinstance(value, list) and all(isinstance(line, str) for line in value)
    }


def folder(name):
    """`{stem: table}` for every file of a folder below `lists/`, in order of name."""
    paths = sorted((FOLDER / name).glob("*.toml"))
    return {path.stem: table(f"{name}/{path.stem}") for path in paths}
