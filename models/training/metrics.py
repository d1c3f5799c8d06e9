"""How well scores tell orders from honest texts."""

from collections import defaultdict

import numpy as np

RATES = (0.001, 0.005, 0.01, 0.03)


def auc(labels, scores):
    """The chance that an order scores above an honest text; ties count half."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    values, starts, counts = np.unique(scores[order], return_index=True, return_counts=True)
    ranks[order] = np.repeat(starts + (counts + 1) / 2, counts)
    positive = labels == 1
    count = positive.sum()
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum()))


def threshold(honest, rate):
    """The lowest score that at most `rate` of honest texts reach."""
    falling = np.sort(honest)[::-1]
    allowed = int(rate * len(falling))
    return float(np.nextafter(falling[allowed], np.inf)) if allowed < len(falling) else 0.0


def told(rows, scores):
    """AUC, recall at each rate, and recall or false alarms by kind and language at 0.5 %."""
    labels = np.array([row["label"] for row in rows])
    honest = scores[labels == 0]
    at = {rate: threshold(honest, rate) for rate in RATES}
    result = {"auc": auc(labels, scores)}
    result["recall"] = {str(rate): float((scores[labels == 1] >= least).mean()) for rate, least in at.items()}
    for word in ("kind", "language"):
        groups = defaultdict(list)
        for row, score in zip(rows, scores):
            groups[(row[word], row["label"])].append(score >= at[0.005])
        result[word] = {f"{name}/{label}": [int(sum(hits)), len(hits)] for (name, label), hits in sorted(groups.items())}
    return result
