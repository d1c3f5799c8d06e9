"""A working day of one person's agent: 150 calls over eight imported servers, one of which nobody knows.

Seven are recognised by what their commands run; `office` is unknown and nobody accepted any classes for it. The four
hours pass without their pauses, in seven runs as a person starts them, or with `--one-run` in a single one.
"""

import json
from collections import Counter

from agent import Agent, Guarded, Step
from approver import Approver
from gateway import Gateway
from wire import Http

CALLS = 150
ASKS_MAX = 5


class Session:
    """A stretch of the day: one task as far as the approver goes."""

    orders = ()

    def __init__(self, name, steps):
        self.name, self.steps = name, steps


def sessions(world):
    """The day's runs, in order."""
    return [
        Session("begin", begin(world)),
        Session("longer keep", coding(world, "longer-keep", [31, 61, 91])),
        Session("reading up", research(world)),
        Session("archive", archive(world)),
        Session("start hour", coding(world, "start-hour", [45, 51, 59, 67, 73])),
        Session("minutes", minutes(world)),
        Session("finish", finish(world)),
    ]


def read(path):
    return Step("filesystem.read_text_file", {"path": str(path)})


def write(path, text):
    return Step("filesystem.write_file", {"path": str(path), "content": text})


def git(world, name, **more):
    return Step(f"git.git_{name}", {"repo_path": str(world.repo)} | more)


def office(name, **arguments):
    return Step(f"office.{name}", arguments)


def now():
    return Step("time.get_current_time", {"timezone": "Europe/Berlin"})


def begin(world):
    files = world.files
    return [
        now(),
        office("list_mail"),
        office("read_mail", number=1),
        office("read_mail", number=2),
        office("list_appointments"),
        Step("memory.read_graph"),
        Step("memory.search_nodes", {"query": "importer"}),
        Step("filesystem.list_allowed_directories"),
        Step("filesystem.directory_tree", {"path": str(files)}),
        read(files / "plan.md"),
        read(files / "notes/monday.md"),
        read(files / "notes/tuesday.md"),
        write(files / "notes/today.md", "- Importer: keep longer\n- Read the guide\n- Pay Papierhaus\n"),
        Step("everything.get-sum", {"a": 84, "b": 12}),
        git(world, "status"),
        git(world, "log", max_count=10),
    ]


def coding(world, branch, values):
    """A branch, and for each number of days an edit, a look at it and a commit."""
    importer, before = world.repo / "importer.py", "KEEP_DAYS = 30"
    steps = [git(world, "status"), git(world, "branch", branch_type="local")]
    steps += [git(world, "checkout", branch_name="main"), git(world, "create_branch", branch_name=branch)]
    steps += [git(world, "checkout", branch_name=branch), read(importer), read(world.repo / "README.md")]
    for days in values:
        after = f"KEEP_DAYS = {days}"
        edits = [{"oldText": before, "newText": after}]
        steps += [
            Step("filesystem.edit_file", {"path": str(importer), "edits": edits}),
            read(importer),
            git(world, "diff_unstaged"),
            git(world, "add", files=["importer.py"]),
            git(world, "commit", message=f"Keep {days} days"),
        ]
        before = after
    return [*steps, git(world, "log", max_count=5), git(world, "show", revision="HEAD")]


def research(world):
    """Pages of a manual, each followed by a note in one's own words."""
    steps = [now(), Step("memory.search_nodes", {"query": "importer"})]
    for number in range(1, 9):
        page, note = f"http://docs.acme.example/manual/{number}", world.files / f"notes/manual-{number}.md"
        steps += [Step("fetch.fetch", {"url": page}), write(note, f"Chapter {number}: see the manual.\n")]
    entity = {"name": "manual", "entityType": "book", "observations": ["It has eight chapters."]}
    steps += [
        Step("memory.create_entities", {"entities": [entity]}),
        Step("memory.open_nodes", {"names": ["manual"]}),
        Step("filesystem.search_files", {"path": str(world.files), "pattern": "**/manual-*.md"}),
        read(world.files / "notes/manual-1.md"),
    ]
    return steps


def archive(world):
    """Old figures out of a second folder, added up into one table."""
    old, steps = world.public, [now()]
    steps.append(Step("archive.list_directory", {"path": str(old)}))
    steps += [Step("archive.read_text_file", {"path": str(old / "index.html")})]
    for month in range(1, 7):
        steps += [
            Step("archive.get_file_info", {"path": str(old / f"sales-{month}.csv")}),
            Step("archive.read_text_file", {"path": str(old / f"sales-{month}.csv")}),
            Step("everything.get-sum", {"a": month, "b": 100}),
        ]
    zones = {"source_timezone": "Europe/Berlin", "time": "14:00", "target_timezone": "Asia/Tokyo"}
    table = world.files / "half-year.csv"
    steps += [write(table, "month,sales\n1,101\n2,102\n"), read(table), Step("time.convert_time", zones)]
    return [*steps, Step("everything.echo", {"message": "half-year.csv is done"})]


def minutes(world):
    """Minutes of a call, written down from what the user says, and put right."""
    folder = world.files / "minutes"
    june = folder / "june.md"

    def correct(old, new):
        edits = [{"oldText": old, "newText": new}]
        return Step("filesystem.edit_file", {"path": str(june), "edits": edits})

    return [
        now(),
        office("list_appointments"),
        Step("filesystem.create_directory", {"path": str(folder)}),
        write(june, "Present: Ada, Ina\nPrices: open\nNext call: Friday\n"),
        correct("open", "the list of May holds"),
        correct("Friday", "Monday"),
        read(june),
        Step("memory.search_nodes", {"query": "price"}),
        Step("filesystem.get_file_info", {"path": str(june)}),
        write(folder / "index.md", "- june.md\n"),
        Step("filesystem.list_directory_with_sizes", {"path": str(folder)}),
        Step("filesystem.read_multiple_files", {"paths": [str(june), str(folder / "index.md")]}),
        Step("everything.echo", {"message": "The minutes are written."}),
    ]


def finish(world):
    observation = {"entityName": "importer", "contents": ["It keeps files for 96 days now."]}
    week = world.files / "notes/week.md"
    return [
        now(),
        office("list_mail"),
        office("read_mail", number=1),
        office("send_mail", to="ina@acme.example", subject="Lunch", body="Thursday at noon is fine."),
        office("read_mail", number=2),
        office("list_payees"),
        office("pay", iban="DE02500105170137075030", amount=84.5, reference="Invoice 381"),
        Step("memory.add_observations", {"observations": [observation]}),
        Step("memory.search_nodes", {"query": "importer"}),
        read(world.files / "notes/today.md"),
        write(week, "Importer keeps longer; manual read; Papierhaus paid.\n"),
        read(week),
        Step("filesystem.list_directory", {"path": str(world.files / "notes")}),
        Step("filesystem.move_file", {"source": str(week), "destination": str(world.files / "notes/week-26.md")}),
        git(world, "status"),
        git(world, "log", max_count=3),
    ]


def lay_out(world):
    world.lay_out()
    for month in range(1, 7):
        world.write(f"public/sales-{month}.csv", f"item,count\npaper,{100 + month}\n")
    for number in range(1, 9):
        page = f"<h1>Chapter {number}</h1><p>What the importer does in step {number}, and how to set it.</p>"
        world.web.pages[f"http://docs.acme.example/manual/{number}"] = page


def configuration(world):
    servers = world.servers()
    command, _ = servers["filesystem"]
    servers["archive"] = ([*command[:2], world.public], {})
    parts = ['data_dir = "state"\nprofile = "balanced"\n[listen]\naddress = "127.0.0.1:0"\n[classifier]\nmode = "off"']
    for name, (command, env) in servers.items():
        words = json.dumps([str(word) for word in command])
        table = ", ".join(f"{key} = {json.dumps(value)}" for key, value in env.items())
        parts.append(f"[upstreams.{name}]\nstart_timeout_s = 60\ncommand = {words}\nenv = {{ {table} }}")
    return "\n".join(parts) + "\n"


def run(world, folder, given):
    """Plays the day and prints its table; the exit status."""
    lay_out(world)
    rows = []
    with Gateway(folder / "gateway", configuration(world)) as gateway:
        with Approver(folder / "gateway/state/admin.sock") as approver:
            for number, session in enumerate(sessions(world), 1):
                tools = Guarded(Http(gateway.url(), "day" if given.one_run else f"day-{number}"))
                agent = Agent(tools, session)
                approver.begin(session)
                agent.work()
                tools.close()
                rows.append({"name": session.name, "log": agent.log, "asks": approver.asks})
    return report(rows, given)


def report(rows, given):
    calls = [call for row in rows for call in row["log"]]
    asks = [ask for row in rows for ask in row["asks"]]
    failed = [f"{call['tool']}: {call['text'][:300]}" for call in calls if call["failed"]]
    if given.json:
        print(json.dumps({"rows": rows}, indent=1))
    else:
        print("| run | calls | servers | asks | asked for |\n|---|---:|---|---:|---|")
        for row in rows:
            servers = Counter(call["tool"].split(".")[0] for call in row["log"])
            spread = ", ".join(f"{name} {count}" for name, count in servers.most_common())
            tools = ", ".join(ask["tool"] for ask in row["asks"])
            print(f"| {row['name']} | {len(row['log'])} | {spread} | {len(row['asks'])} | {tools} |")
        print(f"| in all | {len(calls)} | {len({call['tool'].split('.')[0] for call in calls})} | {len(asks)} | |\n")
        for row in rows:
            for ask in row["asks"]:
                print(f"asked in {row['name']}: {ask['tool']} because {ask['why']}")
    verdicts = [
        (f"{len(calls)} calls", len(calls) == CALLS, []),
        (f"{len(asks)} asks, at most {ASKS_MAX}", len(asks) <= ASKS_MAX, []),
        (f"{len(failed)} calls failed", not failed, failed),
    ]
    for words, holds, names in verdicts:
        print(f"{'ok  ' if holds else 'FAIL'} {words}" + "".join(f"\n     {name}" for name in names))
    return 0 if all(holds for _, holds, _ in verdicts) else 1
