#!/usr/bin/env python3
"""Peak memory and time of `whet prepare` as the input grows, and the time to the first training step on a stream.

    python3 memory.py WHET MODEL FILE.jsonl...
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time


def run(command):
    start = time.perf_counter()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    first = None
    for line in p.stderr:
        if first is None and re.match(r"\s*step 1/", line):
            first = time.perf_counter() - start
    _, status, usage = os.wait4(p.pid, 0)
    assert status == 0, "failed: %s" % command
    return time.perf_counter() - start, usage.ru_maxrss / 1024, first


def main():
    whet, model, files = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    print("| input MB | prepare s | MB/s | peak MiB | stream: first step s | peak MiB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for path in files:
        with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(path))) as tmp:
            config, size = os.path.join(tmp, "job.json"), os.path.getsize(path) / 1e6
            job = {"name": "grow", "task": "sequence-classification", "model": {"from": model},
                   "data": {"train": os.path.abspath(path), "max_length": 128, "prepared": os.path.join(tmp, "prepared")}}
            json.dump(job, open(config, "w"))
            took, peak, _ = run([whet, "prepare", config])
            job["data"].update({"streaming": True, "labels": ["c%d" % i for i in range(7)], "shuffle_window": 16384})
            del job["data"]["prepared"]
            job.update({"output_dir": os.path.join(tmp, "run"), "train": {"max_steps": 3, "logging_steps": 1,
                       "per_device_train_batch_size": 8, "save_strategy": "no", "eval_strategy": "no"}})
            json.dump(job, open(config, "w"))
            _, stream_peak, first = run([whet, "train", config])
            print("| %.0f | %.1f | %.1f | %.0f | %.2f | %.0f |" % (size, took, size / took, peak, first, stream_peak),
                  flush=True)


main()
