"""What test/bench/model compares with: the same task by scikit-learn, from CSV on
standard input.  Prints the seconds for reading, scaling and fitting, and the answer."""
import sys
import time

import pandas
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import MinMaxScaler, StandardScaler


def logistic(x, y):
    scaled = StandardScaler().fit_transform(x)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(scaled, y)
    return [model.intercept_[0], *model.coef_[0]]


def kmeans(x, _):
    scaled = MinMaxScaler().fit_transform(x)
    return [KMeans(n_clusters=2, n_init=10, random_state=42).fit(scaled).inertia_]


def forest(x, y):
    model = RandomForestClassifier(n_estimators=100, max_depth=8, n_jobs=-1, random_state=42).fit(x, y)
    return [roc_auc_score(y, model.predict_proba(x)[:, 1])]


def auc(x, y):
    return [roc_auc_score(y, x[:, 0])]


def main():
    task = globals()[sys.argv[1]]
    start = time.perf_counter()
    table = pandas.read_csv(sys.stdin, header=None)
    labelled = sys.argv[1] != "kmeans"
    y = table.iloc[:, 0].to_numpy() == "t" if labelled else None
    x = table.iloc[:, 1 if labelled else 0:].to_numpy(dtype=float)
    read = time.perf_counter()
    answer = task(x, y)
    end = time.perf_counter()
    print(f"{read - start:.6f} {end - read:.6f}", *(repr(float(a)) for a in answer))


main()
