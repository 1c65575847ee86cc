#!/usr/bin/env python3
"""`whet prepare` killed at random moments, started again each time, and at the end compared byte by byte with an
undisturbed one.

    python3 kill.py WHET MODEL FILE.jsonl [KILLS] [SEED]

Moments are drawn from the time that an undisturbed run takes, so some fall into reading, some into the decision about
duplicates and some into writing.
"""

import filecmp
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time


def main():
    whet, model, path = sys.argv[1], os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3])
    kills = int(sys.argv[4]) if len(sys.argv) > 4 else 50
    rng = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    with tempfile.TemporaryDirectory() as tmp:
        config = os.path.join(tmp, "job.json")
        json.dump({"name": "kill", "task": "sequence-classification", "model": {"from": model},
                   "data": {"train": path, "validation": 0.1, "max_length": 128}}, open(config, "w"))
        whole, killed = os.path.join(tmp, "whole"), os.path.join(tmp, "killed")
        start = time.perf_counter()
        subprocess.run([whet, "prepare", config, "--prepared", whole], check=True, stderr=subprocess.DEVNULL)
        took = time.perf_counter() - start
        done, finished = 0, 0
        while done < kills:
            p = subprocess.Popen([whet, "prepare", config, "--prepared", killed], stderr=subprocess.DEVNULL)
            try:
                p.wait(rng.random() * took)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                p.wait()
                done += 1
                continue
            assert p.returncode == 0, p.returncode
            finished += 1                               # came to the end: begin anew
            compare(whole, killed)
            subprocess.run(["rm", "-rf", killed], check=True)
        subprocess.run([whet, "prepare", config, "--prepared", killed], check=True, stderr=subprocess.DEVNULL)
        n = compare(whole, killed)
        print("%d kills over %d preparations of %.1f s each: all %d files equal" % (done, finished + 1, took, n))


def compare(a, b):
    names = sorted(os.listdir(a))
    assert names == sorted(os.listdir(b)), (names, sorted(os.listdir(b)))
    for name in names:
        assert filecmp.cmp(os.path.join(a, name), os.path.join(b, name), shallow=False), name
    return len(names)


main()
