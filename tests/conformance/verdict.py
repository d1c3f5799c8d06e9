"""Whether a run counts. Every scored scenario passes on every side and none is missing; a run that shows less fails."""

import content
import requirements


def passed(outcome):
    return outcome.startswith("pass")


def wrong(row):
    """Why one row does not count, or nothing. In the client leg the suite is the server: nothing is direct there."""
    sides = [("directly", row["direct"])] if row["leg"] == "server" else []
    sides.append(("through the gateway", row["through"]))
    bad = [f"{outcome} {side}" for side, outcome in sides if not passed(outcome)]
    return ", ".join(bad) if row["scored"] else ""


def absent(rows, revisions, legs, scenarios):
    """What was asked for and has no row: a scenario by name, or part of what the pinned suite scores."""
    if scenarios:
        found = {row["scenario"] for row in rows}
        yield from (f"no scenario is called `{name}`" for name in scenarios if name not in found)
        return
    for (revision, leg), wanted in requirements.SCORED.items():
        if revision in revisions and leg in legs:
            scored = sum(row["scored"] for row in rows if (row["set"], row["leg"]) == (revision, leg))
            if scored != wanted:
                yield f"{revision} {leg}: {scored} scored scenarios, and the pinned suite has {wanted}"


def differing(contents, legs):
    if "content" in legs:
        wanted = 2 * len(content.CALLS)
        if len(contents) != wanted:
            yield f"content: {len(contents)} answers compared, of {wanted}"
    for era, label, same, _ in contents:
        if not same:
            yield f"content, {era}: {label} differs"


def failures(rows, contents, revisions, legs, scenarios):
    """One line for each reason why the run fails."""
    for row in rows:
        if row["wrong"]:
            yield f"{row['set']} {row['leg']}: {row['scenario']}: {row['wrong']}"
    yield from absent(rows, revisions, legs, scenarios)
    yield from differing(contents, legs)
