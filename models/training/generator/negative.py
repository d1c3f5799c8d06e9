"""Hard negatives: honest texts that share the words and the mood of attacks.

Each file of lists/negatives is a grammar of its own. Its longer lists are parted between the
splits, so that dev and cal hold sentences that training never saw.
"""

from generator import lists
from generator.dice import Dice
from generator.row import Row
from generator.split import SPLITS, parted_lists

_SHARE = {"train": 0.62, "dev": 0.14, "cal": 0.24}


def rows(grammar):
    """All rows of all files of lists/negatives."""
    for name, entry in lists.folder("negatives").items():
        parts = parted_lists(lists.lists_of(entry))
        frames = entry["frame"]
        for split in SPLITS:
            own = grammar.child({**parts[split], "frame": frames})
            for number in range(round(entry["rows"] * _SHARE[split])):
                dice = Dice("negative", name, split, number)
                text = own.expand("<<frame>>", dice)
                yield Row(text, 0, split, "synthetic", f"{name} {split}", f"hard.{name}", entry["surface"], "en", entry["context"])
