"""Cuts long texts into pieces of the length that tools return, at the borders of paragraphs."""

import hashlib
from dataclasses import dataclass

# Bytes of one piece: below, it says too little to be judged; above, it is cut.
BYTES_MIN = 200
BYTES_MAX = 4000


@dataclass(frozen=True)
class Piece:
    """One text, the kind of source it is from, and the file or server that brought it."""

    text: str
    kind: str
    origin: str
    # Which template wrote it; empty where people or programs did.
    template: str = ""
    # Whether it talks about attacks: a label is then right, and anything more is not.
    about_attacks: bool = False

    @property
    def digest(self):
        return digest(self.text)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def cut(text):
    """Pieces of whole paragraphs; a paragraph that is too long is cut at its lines, then anywhere."""
    piece = ""
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        for part in parts(paragraph):
            if piece and size(piece) + size(part) + 2 > BYTES_MAX:
                yield piece
                piece = ""
            piece = f"{piece}\n\n{part}" if piece else part
            if size(piece) >= BYTES_MAX // 3:
                yield piece
                piece = ""
    if size(piece) >= BYTES_MIN:
        yield piece


def parts(paragraph):
    if size(paragraph) <= BYTES_MAX:
        yield paragraph
        return
    part = ""
    for line in paragraph.split("\n"):
        # A character takes four bytes at most.
        for at in range(0, len(line) or 1, BYTES_MAX // 4):
            stretch = line[at : at + BYTES_MAX // 4]
            if part and size(part) + size(stretch) + 1 > BYTES_MAX:
                yield part
                part = ""
            part = f"{part}\n{stretch}" if part else stretch
    if part:
        yield part


def size(text):
    return len(text.encode("utf-8", "surrogatepass"))


def chosen(pieces, count):
    """`count` of the pieces, the same ones every time, spread over all of them."""
    return sorted(pieces, key=lambda piece: piece.digest)[:count]
