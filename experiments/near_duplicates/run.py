"""How well do 64 values of 16 bits find near duplicates? Against the true Jaccard similarity and against datasketch.

    python experiments/near_duplicates/run.py BUILD_FOLDER TEXT_FILE [ROWS]

TEXT_FILE has a text a line. Writes results.json beside this file.
"""
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

from datasketch import MinHash, MinHashLSH

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
THRESHOLD = 0.8


def build(folder):
    exe = os.path.join(folder, "select_bench")
    libs = [os.path.join(folder, f"lib{n}.a") for n in ("data", "tokenizer", "core")]
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-I", ROOT, os.path.join(HERE, "select_bench.c"), *libs,
                    "-o", exe, "-lcjson", "-lsodium", "-lutf8proc", "-lm"], check=True)
    return exe


def shingles(text):
    words = re.findall(r"[^\W_]+", text.lower())
    return {" ".join(words[i:i + 3]) for i in range(len(words) - 2)} if len(words) >= 3 else set(words)


def jaccard(a, b):
    return len(a & b) / len(a | b) if a or b else 1.0


def changed(text, rng, n):
    words = text.split()
    for _ in range(n):
        words[rng.randrange(len(words))] = f"x{rng.randrange(10**6)}"
    return " ".join(words)


def signature(s, n):
    m = MinHash(num_perm=n)
    m.update_batch([x.encode() for x in s])
    return m


def run(exe, *args):
    return subprocess.run([exe, *map(str, args)], check=True, capture_output=True, text=True).stdout.split("\n")[:-1]


def estimates(exe, lines, rng):
    """Errors of the estimate by the true similarity: ours, datasketch with 64 and with 128 permutations."""
    pairs = []
    for _ in range(6000):
        a = rng.choice(lines)
        pairs.append((a, changed(a, rng, rng.randrange(0, 1 + len(a.split()) // 6))))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.writelines(x + "\n" for p in pairs for x in p)
        f.flush()
        ours = [float(x) for x in run(exe, "similar", f.name)]
    rows = {}
    for (a, b), got in zip(pairs, ours):
        a, b = shingles(a), shingles(b)
        truth = jaccard(a, b)
        errors = [got - truth] + [signature(a, n).jaccard(signature(b, n)) - truth for n in (64, 128)]
        rows.setdefault(min(int(truth * 5), 4) / 5, []).append(errors)
    out = []
    for low, errors in sorted(rows.items()):
        columns = list(zip(*errors))
        rms = [round(statistics.fmean(e * e for e in c) ** 0.5, 4) for c in columns]
        out.append({"true_from": low, "pairs": len(errors), "bias": round(statistics.fmean(columns[0]), 4),
                    "rms": rms[0], "rms_datasketch_64": rms[1], "rms_datasketch_128": rms[2]})
    return out


def truly_similar(sets):
    """Pairs with a true similarity of at least THRESHOLD - 0.15, by comparing all that share enough shingles."""
    index, pairs = {}, {}
    for i, s in enumerate(sets):
        seen = {}
        for x in s:
            for k in index.get(x, ()):
                seen[k] = seen.get(k, 0) + 1
            index.setdefault(x, []).append(i)
        for k, common in seen.items():
            j = common / (len(s) + len(sets[k]) - common)
            if j >= THRESHOLD - 0.15:
                pairs[i, k] = j
    return pairs


def judge(n, pairs, left_out):
    """Rows that are truly like an earlier one that was kept, and how many of them were left out; and the reverse."""
    best = [0.0] * n
    for (i, k), j in pairs.items():
        if not left_out[k]:
            best[i] = max(best[i], j)
    out = {}
    for name, low in (("recall", THRESHOLD), ("recall_above_0.85", 0.85), ("recall_above_0.9", 0.9)):
        similar = [i for i in range(n) if best[i] >= low]
        out[name] = round(sum(left_out[i] for i in similar) / max(len(similar), 1), 4)
    dropped = [i for i in range(n) if left_out[i]]
    out["precision"] = round(sum(best[i] >= THRESHOLD for i in dropped) / max(len(dropped), 1), 4)
    out["precision_at_0.7"] = round(sum(best[i] >= 0.7 for i in dropped) / max(len(dropped), 1), 4)
    out["left_out"] = len(dropped)
    return out


def datasketch_left_out(sets, n_perm, verify):
    lsh, signatures, left_out = MinHashLSH(threshold=THRESHOLD, num_perm=n_perm), [], []
    for i, s in enumerate(sets):
        m = signature(s, n_perm)
        signatures.append(m)
        found = [k for k in lsh.query(m) if not verify or m.jaccard(signatures[k]) >= THRESHOLD]
        left_out.append(bool(found))
        if not found:
            lsh.insert(i, m)
    return left_out


def speeds(exe, path):
    """MB of text signed a second of processor time: ours on the whole file, datasketch on its first lines, in turn."""
    with open(path, encoding="utf-8") as f:
        lines = f.readlines()[:2000]
    size, ours, theirs = sum(len(x.encode()) for x in lines) / 1e6, [], []
    for _ in range(3):
        ours.append(json.loads(run(exe, "sign", path)[0])["mb_per_second"])
        begin = time.process_time()
        for x in lines:
            signature(shingles(x), 64)
        theirs.append(size / (time.process_time() - begin))
    return {"whet_mb_s": statistics.median(ours), "datasketch_64_mb_s": round(statistics.median(theirs), 2)}


def main():
    exe, rng = build(sys.argv[1]), random.Random(5)
    with open(sys.argv[2], encoding="utf-8") as f:
        lines = [" ".join(x.split()) for x in f]
    lines = [x for x in dict.fromkeys(lines) if 12 <= len(x.split()) <= 200]
    n_rows = int(sys.argv[3]) if len(sys.argv) > 3 else 20000
    result = {"texts": len(lines), "speed": speeds(exe, sys.argv[2]), "estimates": estimates(exe, lines, rng)}
    print(json.dumps(result, indent=1))

    corpus = []
    while len(corpus) < n_rows:
        a = rng.choice(lines) if len(corpus) % 2 == 0 else changed(rng.choice(corpus), rng, 1 + rng.randrange(3))
        corpus.append(a)
    corpus = list(dict.fromkeys(corpus))
    sets = [shingles(x) for x in corpus]
    pairs = truly_similar(sets)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.writelines(x + "\n" for x in corpus)
        f.flush()
        begin = time.time()
        ours = [x == "1" for x in run(exe, "near", f.name, THRESHOLD)]
        ours_s = time.time() - begin
    result["rows"] = len(corpus)
    result["whet"] = judge(len(corpus), pairs, ours) | {"seconds": round(ours_s, 2)}
    for n_perm, verify in ((64, True), (128, False), (128, True)):
        begin = time.time()
        left_out = datasketch_left_out(sets, n_perm, verify)
        result[f"datasketch_{n_perm}{'_verified' if verify else ''}"] = \
            judge(len(corpus), pairs, left_out) | {"seconds": round(time.time() - begin, 1)}
    print(json.dumps(result, indent=1))
    with open(os.path.join(HERE, "results.json"), "w") as f:
        json.dump(result, f, indent=1)


main()
