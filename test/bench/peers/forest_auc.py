# What scikit-learn's forest comes to where test/t/081_forest.pl trains ours: run by
#   python3 test/bench/peers/forest_auc.py < ../shared/data/classification/online_shoppers_intention.csv.gz
# with Debian's python3-sklearn.  For each of five splits it prints the mean, the
# least and the greatest area under the ROC curve of the test rows, of five forests.
import csv
import gzip
import hashlib
import sys

import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

CATEGORIES = (10, 15)  # Month, VisitorType: a column for each value

lines = gzip.decompress(sys.stdin.buffer.read()).decode().splitlines()[1:]
rows = list(csv.reader(lines))
values = {c: sorted({row[c] for row in rows}) for c in CATEGORIES}


def terms(row):
    for c, value in enumerate(row[:-1]):
        if c in CATEGORIES:
            yield from (float(value == v) for v in values[c])
        else:
            yield float({"TRUE": 1, "FALSE": 0}.get(value, value))


x = numpy.array([list(terms(row)) for row in rows])
y = numpy.array([row[-1] == "TRUE" for row in rows])
for split in range(1, 6):
    # The same value is the same row: it stays on one side.
    test = numpy.array([hashlib.md5(f"{line}{split}".encode()).hexdigest() < "4" for line in lines])
    areas = [
        roc_auc_score(
            y[test],
            RandomForestClassifier(n_estimators=100, max_depth=8, random_state=seed)
            .fit(x[~test], y[~test])
            .predict_proba(x[test])[:, 1],
        )
        for seed in range(5)
    ]
    print(f"split {split}: {test.sum()} test rows, area {numpy.mean(areas):.4f}, {min(areas):.4f} to {max(areas):.4f}", flush=True)
