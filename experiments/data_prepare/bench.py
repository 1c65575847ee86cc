#!/usr/bin/env python3
"""`whet prepare` beside the usual route: datasets.load_dataset("json"), .map(tokenizer, batched=True), .save_to_disk().

    python3 bench.py WHET MODEL FILE.jsonl [ROUNDS]      (needs: pip install datasets==5.2.0 transformers==5.23.0)

Both tokenise with two processes or threads and write what training reads; ours also hashes the input, looks for
duplicates, near duplicates and contradictions, and writes the report. Alternating, fresh caches, medians; peak memory
is the process tree's for theirs (sum of the peaks), the process's for ours.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

THEIRS = """
import os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
from datasets import load_dataset
from transformers import AutoTokenizer
model, path, out, cache = sys.argv[1:]
t = AutoTokenizer.from_pretrained(model)
d = load_dataset("json", data_files=path, split="train", cache_dir=cache)
d = d.map(lambda b: t(b["text"], truncation=True, max_length=128), batched=True, num_proc=2, remove_columns=["text"])
d.save_to_disk(out)
"""


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main():
    whet, model, path = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    size = os.path.getsize(path) / 1e6
    a, b, cpu_a, cpu_b = [], [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as tmp:
            config = os.path.join(tmp, "job.json")
            json.dump({"name": "bench", "task": "sequence-classification", "model": {"from": os.path.abspath(model)},
                       "data": {"train": os.path.abspath(path), "max_length": 128,
                                "prepared": os.path.join(tmp, "ours")}}, open(config, "w"))
            took, cpu = timed([whet, "prepare", config])
            a.append(took), cpu_a.append(cpu)
            took, cpu = timed([sys.executable, "-c", THEIRS, model, path, os.path.join(tmp, "theirs"),
                               os.path.join(tmp, "cache")])
            b.append(took), cpu_b.append(cpu)
            shutil.rmtree(tmp, ignore_errors=True)
            os.makedirs(tmp, exist_ok=True)
    ours, theirs = statistics.median(a), statistics.median(b)
    print("%.0f MB: whet %.1f s (%.1f MB/s, %.1f s of processor), datasets %.1f s (%.1f MB/s, %.1f s): %.1fx" %
          (size, ours, size / ours, statistics.median(cpu_a), theirs, size / theirs, statistics.median(cpu_b),
           theirs / ours))


main()
