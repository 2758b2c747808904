"""The peer's native sampler, run in its own environment: one command a line on stdin, one answer on stdout.

Usage: peer.py GRAPH.npz   (written by run.py). A command is {"fanouts": [12, 12], "batch": 512}; the answer
is {"seconds": …, "links": …}. One thread: the peer's sampler has no other.
"""

import json
import sys
import time

import kumo_relational_engine.relationallib as peer
import numpy as np


def main() -> None:
    arrays = np.load(sys.argv[1])
    edge_types = [tuple(name.split("__")) for name in arrays["edge_types"].tolist()]
    names = arrays["edge_types"].tolist()
    tables = arrays["tables"].tolist()
    # The native sampler keeps no references to its arrays: they must outlive it.
    indptr = {name: arrays[f"indptr/{name}"] for name in names}
    dst = {name: arrays[f"dst/{name}"] for name in names}
    seconds_of = {table: arrays[f"seconds/{table}"] for table in tables if f"seconds/{table}" in arrays}
    sampler = peer.NeighborSampler(tables, edge_types, indptr, dst, seconds_of)
    seed_table, rows, at = str(arrays["seed_table"]), arrays["seed_rows"], arrays["seed_seconds"]
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        fanouts = dict.fromkeys(names, command["fanouts"])
        batches = [slice(b, b + command["batch"]) for b in range(0, len(rows), command["batch"])]
        for _ in range(2):  # the first pass brings the caches back
            began = time.thread_time()
            links = 0
            for b in batches:
                found = sampler.sample(fanouts, {}, seed_table, rows[b], at[b])
                links += sum(len(parents) for parents in found[0].values())
            seconds = time.thread_time() - began
        print(json.dumps({"seconds": seconds, "links": links}), flush=True)


if __name__ == "__main__":
    main()
