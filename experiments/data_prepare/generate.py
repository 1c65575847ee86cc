#!/usr/bin/env python3
"""Rows to measure with: pieces of real English text with some words exchanged, so that no two rows are the same.

    python3 generate.py MEGABYTES OUT.jsonl TEXT...

Each row has "text" (20 to 60 words) and "label" (one of seven). The same arguments write the same file.
"""

import json
import random
import sys


def main():
    size, out, paths = int(sys.argv[1]) * 1_000_000, sys.argv[2], sys.argv[3:]
    words = [w for p in paths for w in open(p, encoding="utf-8").read().split()]
    rng, written, n = random.Random(5), 0, 0
    with open(out, "w", encoding="utf-8") as f:
        while written < size:
            k = rng.randrange(20, 60)
            at = rng.randrange(len(words) - k)
            row = words[at : at + k]
            for _ in range(6):
                row[rng.randrange(k)] = words[rng.randrange(len(words))]
            line = json.dumps({"text": " ".join(row) + " %d" % n, "label": "c%d" % (n % 7)}, ensure_ascii=False) + "\n"
            f.write(line)
            written += len(line.encode())
            n += 1
    print("%d rows, %.1f MB" % (n, written / 1e6))


main()
