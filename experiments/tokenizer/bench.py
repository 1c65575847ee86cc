#!/usr/bin/env python3
"""Encoding speed beside the reference library, in turns. Command and results: README.md.

    [THREADS=2] python3 experiments/tokenizer/bench.py MODEL BENCH FILE...      (needs: pip install tokenizers==0.23.3)

MODEL: a folder with a tokenizer.json, or the file. THREADS: of both, 1 where it is not set.

Each round encodes every line of FILE once with either, so that a busy minute of the machine falls on both; the table
has the medians of ROUNDS. Both make ids, offsets, words and segments, line by line; the reference through encode_batch,
its fastest way to do that, and once through encode_batch_fast, which leaves offsets out. Ours is the first pass of a
fresh process, growing its buffers included. .json, .jsonl and .csv are encoded as the lines they are.
"""

import os
import statistics
import subprocess
import sys
import time

THREADS = os.environ.get("THREADS", "1")
os.environ["TOKENIZERS_PARALLELISM"] = "false" if THREADS == "1" else "true"
os.environ["RAYON_NUM_THREADS"] = THREADS
from tokenizers import Tokenizer  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "7"))


def ours(program, model, path):
    out = subprocess.run([program, model, path, "1", THREADS], check=True, capture_output=True, text=True).stdout.split()
    return float(out[2]), int(out[4]), float(out[1])


def theirs(encode, lines):
    start = time.perf_counter()
    n = sum(len(e) for i in range(0, len(lines), 1000) for e in encode(lines[i : i + 1000]))
    return time.perf_counter() - start, n


def main():
    model, program, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    tokenizer = Tokenizer.from_file(os.path.join(model, "tokenizer.json") if os.path.isdir(model) else model)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    print("| file | MB | tokens | ours MB/s | reference MB/s | its fast way | ratio | ratio to fast |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    opened = []
    for path in files:
        raw = open(path, "rb").read()
        text = raw.decode("utf-8")
        lines = (text[:-1] if text.endswith("\n") else text).split("\n")
        rows = []
        for _ in range(ROUNDS):
            a, n_a, seconds = ours(program, model, path)
            b, n_b = theirs(tokenizer.encode_batch, lines)
            c, _ = theirs(tokenizer.encode_batch_fast, lines)
            assert n_a == n_b, (n_a, n_b)
            rows.append((a, b, c))
            opened.append(seconds)
        a, b, c = (statistics.median(r[i] for r in rows) for i in range(3))
        mb = len(raw) / 1e6
        print(
            "| %s | %.1f | %d | %.1f | %.2f | %.2f | %.0fx | %.0fx |"
            % ("/".join(path.split("/")[-2:]), mb, n_a, mb / a, mb / b, mb / c, b / a, c / a),
            flush=True,
        )
    print("\nopening the tokenizer: %.0f ms (median)" % (1e3 * statistics.median(opened)))


main()
