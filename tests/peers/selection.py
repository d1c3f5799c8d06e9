"""Which cells a run plays: all, or so many that every pair is among them.

A pair is a client and a scene, a client and a server, a scene and a server, or a scene between two eras. The full
product repeats each pair a few times; the cover plays it at least once, in about a quarter of the cells.
"""

import scenes
import upstreams
import wrapped

# The Inspector's command line starts a process per request: it answers nothing and hears nothing in between.
ONE_REQUEST = {"lists", "calls", "cancels", "reads", "prompts", *scenes.ONCE}


def every(clients, names):
    """Every (client, server, scene name, scene) of these clients and servers."""
    both = [name for name in ("everything", "everything-http", "modern", "modern-http") if name in names]
    found = []
    for client in clients:
        found += [(client, name, scene, play) for name in names for scene, play in scenes.ON_EACH.items()]
        found += [(client, name, scene, play) for name in both for scene, play in scenes.ON_BOTH_ERAS.items()]
        if {"everything", "memory"} <= set(names):
            found += [(client, "all", scene, play) for scene, play in scenes.ONCE.items()]
        found += [(client, "wrap", scene, None) for scene in wrapped.WRAPPED]
    return found


def can_play(cell):
    client, server, scene, _ = cell
    if scenes.CLIENTS[client][0] != "inspector":
        return True
    return scene in ({"lists", "calls"} if server == "wrap" else ONE_REQUEST)


def pairs(client, server, scene):
    """The pairs that one cell shows."""
    found = {("client and server", client, server), ("client and scene", client, scene), ("scene and server", scene, server)}
    if server != "all":
        client_era = "legacy" if scenes.CLIENTS[client][1] == "legacy" else "modern"
        server_era = "modern" if server in upstreams.REVISIONS else "legacy"
        found.add(("scene between eras", scene, client_era, server_era))
    return found


def cover(cells):
    """The cells that show most of what is not shown yet, one after the other, until every pair is; the same each time."""
    left = [(cell, pairs(*cell[:3])) for cell in cells if can_play(cell)]
    open_pairs = set().union(*(shown for _, shown in left))
    chosen = []
    while open_pairs:
        # Of two that show as much, the call: it shows more than a list does.
        best = max(left, key=lambda each: (len(each[1] & open_pairs), each[0][2] == "calls"))
        chosen.append(best[0])
        open_pairs -= best[1]
    return sorted(chosen, key=cells.index)


def asked(options):
    """Every cell that the options ask for."""
    cells = every(options.client or list(scenes.CLIENTS), options.upstream or list(upstreams.UPSTREAMS))
    return [cell for cell in cells if not options.scene or cell[2] in options.scene]


def uncovered(options, rows):
    """The pairs that no row shows, however that came: a peer that is absent, a scene that failed."""
    shown = [pairs(row["client"], row["upstream"], row["scene"]) for row in rows if row["state"] == "ok"]
    wanted = [pairs(*cell[:3]) for cell in asked(options) if can_play(cell)]
    return sorted(set().union(*wanted) - set().union(*shown))
