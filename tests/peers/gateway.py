"""Processes under test: a gateway with a configuration of the test's own, and servers that print their address.

Everything lives in a folder that the test gives, and ends with the `with` block. A gateway that does not end by
itself when it is told to, or leaves a child behind, is a finding: `Gateway.left_over` says which.
"""

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = Path(os.environ.get("BARTIZAN_PEERS", ROOT / "target/peers")).resolve()
# Seconds: a slow machine that starts eight servers at once, and a graceful stop.
START_TIMEOUT = 60
STOP_TIMEOUT = 20


def program(name, release=False):
    """A binary that cargo built; `example` programs lie in a folder of their own."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / ("release" if release else "debug") / name


def peers_installed(kind):
    """Whether `setup` installed the `node` or `python` peers."""
    return (PEERS / f"{kind}.stamp").exists()


def get(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode()


def children(process):
    """Every process below `process`, by id, with its command line."""
    found, queue = {}, [process]
    while queue:
        for task in Path(f"/proc/{queue.pop()}/task").glob("*/children"):
            try:
                ids = task.read_text().split()
            except OSError:  # it ended meanwhile
                continue
            for child in ids:
                if child not in found:
                    found[child] = command_of(child)
                    queue.append(child)
    return found


def command_of(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def stop(process, timeout=STOP_TIMEOUT):
    """Ends one process of ours; `False` if it had to be killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout)
        return True
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


class Gateway:
    """`bartizan serve --development` on a free port, ready when the block begins."""

    def __init__(self, folder, config, release=False, ready=True):
        self.folder, self.wait_ready = Path(folder), ready
        self.binary = program("bartizan", release)
        self.left_over = []
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "bartizan.toml"
        self.config.write_text(config)
        self.log = self.folder / "gateway.log"

    def __enter__(self):
        address = self.folder / "address"
        address.unlink(missing_ok=True)
        words = ["serve", "--config", self.config, "--development", "--address-file", address]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self.address = self.wait_for(lambda: address.exists() and address.read_text())
            if self.wait_ready:
                self.wait_for(self.ready)
        except Exception:
            stop(self.process)
            raise
        return self

    def wait_for(self, probe):
        until = time.monotonic() + START_TIMEOUT
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"the gateway ended: {self.log.read_text()[-600:]}")
            if found := probe():
                return found
            time.sleep(0.02)
        raise RuntimeError(f"the gateway is not ready: {self.log.read_text()[-600:]}")

    def ready(self):
        """The body of /readyz once every upstream was tried."""
        try:
            return json.loads(get(f"http://{self.address}/readyz"))
        except OSError:  # 503 is one of these
            return None

    def url(self, upstream=None):
        return f"http://{self.address}/mcp" + (f"/{upstream}" if upstream else "")

    def command(self, noun, *words):
        """One command of `bartizan` for this gateway: (exit status, standard output)."""
        ran = subprocess.run(
            [self.binary, noun, "--config", self.config, *words], capture_output=True, text=True, timeout=60
        )
        return ran.returncode, ran.stdout or ran.stderr

    def __exit__(self, *_error):
        below = children(self.process.pid)
        if not stop(self.process):
            self.left_over.append("the gateway itself did not end in time")
        time.sleep(0.2)
        # An id may have been given to a stranger meanwhile, so the command must be the same too.
        self.left_over += [line for child, line in below.items() if line and command_of(child) == line]


class Listener:
    """A server that prints its address on its first line of standard output."""

    def __init__(self, command, env=None):
        self.command, self.env = [str(word) for word in command], env or {}

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | self.env
        )
        line = self.process.stdout.readline().strip()
        if not line:
            stop(self.process)
            raise RuntimeError(f"`{' '.join(self.command)}` printed no address")
        self.url = line if line.startswith("http") else f"http://{line}/mcp"
        return self

    def __exit__(self, *_error):
        stop(self.process)
