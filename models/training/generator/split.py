"""Who goes to which split: train, dev or cal.

A line of a list stands in one split only, so that dev and cal see no template, goal, carrier or
request that training saw. The order is that of the lines' hashes: it looks random, needs no seed
and does not depend on where in its file a line stands.
"""

from generator.dice import digest

SPLITS = ("train", "dev", "cal")
_DEV, _CAL = 0.12, 0.10
_SMALLEST = 8  # a list shorter than this is vocabulary and is shared by all splits


def parted(items, key=str):
    """`{split: [items]}`; dev and cal get at least one item each where there are enough."""
    if len(items) < _SMALLEST:
        return {split: list(items) for split in SPLITS}
    order = sorted(items, key=lambda item: digest("split" + key(item)))
    dev = max(1, round(len(order) * _DEV))
    cal = max(1, round(len(order) * _CAL))
    return {"dev": order[:dev], "cal": order[dev : dev + cal], "train": order[dev + cal :]}


def parted_lists(lists):
    """Every list parted on its own: `{split: {name: [lines]}}`."""
    out = {split: {} for split in SPLITS}
    for name, lines in lists.items():
        for split, share in parted(lines).items():
            out[split][name] = share
    return out


def of_group(name):
    """The split of a package, document or group that is known by its name alone."""
    point = int(digest("group" + name)[:8], 16) % 100
    return "dev" if point < 12 else "cal" if point < 24 else "train"
