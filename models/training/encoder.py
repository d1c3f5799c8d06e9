"""MiniLM-L6 (BERT, 6 layers of 384) in JAX, and the head that turns its tokens into one logit.

The lower layers stay as they came, so their output is computed once for every text; only the upper layers and the head
learn. The head weighs the tokens before it sums them: an order is a few words in a long text, and a mean would drown it.
"""

import jax
import jax.numpy as jnp
from safetensors.numpy import load_file

LAYERS, HEADS, HIDDEN = 6, 12, 384
EPSILON = 1e-12


def loaded(path):
    """The published weights as nested dictionaries: embeddings, and one entry for each layer."""
    raw = {name.removeprefix("bert."): value.astype("float32") for name, value in load_file(path).items()}

    def dense(name):
        # PyTorch keeps a matrix by its outputs, and a product wants it by its inputs.
        return {"w": raw[f"{name}.weight"].T.copy(), "b": raw[f"{name}.bias"]}

    def norm(name):
        return {"g": raw[f"{name}.weight"], "b": raw[f"{name}.bias"]}

    embeddings = {
        "words": raw["embeddings.word_embeddings.weight"],
        "places": raw["embeddings.position_embeddings.weight"],
        "kinds": raw["embeddings.token_type_embeddings.weight"],
        "norm": norm("embeddings.LayerNorm"),
    }
    layers = []
    for number in range(LAYERS):
        at = f"encoder.layer.{number}"
        layers.append({
            "query": dense(f"{at}.attention.self.query"),
            "key": dense(f"{at}.attention.self.key"),
            "value": dense(f"{at}.attention.self.value"),
            "out": dense(f"{at}.attention.output.dense"),
            "norm1": norm(f"{at}.attention.output.LayerNorm"),
            "up": dense(f"{at}.intermediate.dense"),
            "down": dense(f"{at}.output.dense"),
            "norm2": norm(f"{at}.output.LayerNorm"),
        })
    return embeddings, layers


def new_head(seed):
    """A head that has learnt nothing."""
    one, two = jax.random.split(jax.random.PRNGKey(seed))
    scale = HIDDEN**-0.5
    return {
        "weigh": {"w": jnp.zeros((HIDDEN, 1)), "b": jnp.zeros(1)},
        "dense": {"w": jax.random.normal(one, (2 * HIDDEN, HIDDEN)) * scale, "b": jnp.zeros(HIDDEN)},
        "out": {"w": jax.random.normal(two, (HIDDEN, 1)) * scale, "b": jnp.zeros(1)},
    }


def apply(dense, x):
    return x @ dense["w"] + dense["b"]


def normed(norm, x):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + EPSILON) * norm["g"] + norm["b"]


def embed(embeddings, ids):
    x = embeddings["words"][ids] + embeddings["places"][: ids.shape[1]] + embeddings["kinds"][0]
    return normed(embeddings["norm"], x)


def dropped(x, rate, key):
    if key is None:
        return x
    keep = jax.random.bernoulli(key, 1 - rate, x.shape)
    return jnp.where(keep, x / (1 - rate), 0)


def layer(weights, x, mask, key=None, rate=0.1):
    batch, length, _ = x.shape
    keys = [None] * 2 if key is None else jax.random.split(key, 2)

    def heads(dense):
        return apply(dense, x).reshape(batch, length, HEADS, -1).transpose(0, 2, 1, 3)

    scores = heads(weights["query"]) @ heads(weights["key"]).transpose(0, 1, 3, 2) / (HIDDEN / HEADS) ** 0.5
    seen = jax.nn.softmax(scores + (1 - mask[:, None, None, :]) * -1e9)
    mixed = (seen @ heads(weights["value"])).transpose(0, 2, 1, 3).reshape(batch, length, HIDDEN)
    x = normed(weights["norm1"], x + dropped(apply(weights["out"], mixed), rate, keys[0]))
    wide = jax.nn.gelu(apply(weights["up"], x), approximate=False)
    return normed(weights["norm2"], x + dropped(apply(weights["down"], wide), rate, keys[1]))


def head(weights, x, mask):
    """One logit: tokens weighed by themselves, beside the largest of each feature."""
    weights_of = apply(weights["weigh"], x)[..., 0] + (1 - mask) * -1e9
    weighed = (jax.nn.softmax(weights_of)[..., None] * x).sum(1)
    largest = (x + (1 - mask)[..., None] * -1e4).max(1)
    both = jnp.concatenate([weighed, largest], -1)
    return apply(weights["out"], jnp.tanh(apply(weights["dense"], both)))[:, 0]


def lower(embeddings, layers, ids, mask):
    """What the layers that do not learn make of tokens."""
    x = embed(embeddings, ids)
    for weights in layers:
        x = layer(weights, x, mask)
    return x


def upper(learning, x, mask, key=None):
    """Logits, of what [`lower`] gave."""
    keys = [None] * len(learning["layers"]) if key is None else jax.random.split(key, len(learning["layers"]))
    for weights, one in zip(learning["layers"], keys):
        x = layer(weights, x, mask, one)
    return head(learning["head"], x, mask)
