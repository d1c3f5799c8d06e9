"""What a server of the held-out set keeps: one JSON file in the folder that its command names.

A test writes the file to set the scene and reads it to see what happened; a server reads it anew at each call.
"""

import json
import sys
from pathlib import Path


class Store:
    def __init__(self, name):
        self.path = Path(sys.argv[1]) / f"{name}.json"

    def read(self):
        return json.loads(self.path.read_text())

    def change(self, key, change):
        """Replaces what stands under `key` by what `change` makes of it."""
        state = self.read()
        state[key] = change(state[key])
        self.path.write_text(json.dumps(state))

    def append(self, key, row):
        self.change(key, lambda rows: [*rows, row])

    def find(self, key, field, value):
        for row in self.read()[key]:
            if row[field] == value:
                return row
        raise ValueError(f"nothing in {key} has {field} {value}")

    def update(self, key, field, value, **new):
        self.find(key, field, value)
        self.change(key, lambda rows: [row | new if row[field] == value else row for row in rows])
