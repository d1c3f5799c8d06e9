"""Texts about security, written for this project, that quote attacks as such texts do: to be labelled at most."""

from pathlib import Path

from pieces import Piece

FOLDER = Path(__file__).resolve().parent / "articles"


def written():
    for path in sorted(FOLDER.glob("*.md")):
        for number, text in enumerate(path.read_text().split("\n\n---\n\n"), start=1):
            yield Piece(text.strip(), "article", f"articles/{path.name} {number}", about_attacks=True)
