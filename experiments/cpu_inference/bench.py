#!/usr/bin/env python3
"""An encoder's forward pass on the CPU: whet against onnxruntime fp32, on the same machine, in turns.

    python3 experiments/cpu_inference/bench.py --model DIR [--python VENV/bin/python] [--rounds 5] [--quick]

DIR is the published MiniLM-L6 folder; the Python needs torch, transformers, onnx, onnxruntime and tokenizers. Two parts:
  shapes  ms of a pass over token ids, equal lengths
  text    the banking77 test set in file order in batches of 32, tokenising included, real tokens a second; the peer pads
          each batch to its longest text
The peer runs as exported and through its own optimizer; the ratio is to the faster of the two. Medians over the rounds
(least - most). Writes results.json beside this file and prints the table.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cpu_training"))
from machine import PEERS, ROOT, build_program, limits, machine, median, run_json, spread, table  # noqa: E402

GRAPHS = ["plain", "fused"]


def write_texts(path, n):
    source = os.path.join(ROOT, "..", "shared", "data", "banking77", "test.csv")
    with open(source, encoding="utf8", newline="") as f:
        texts = [" ".join(r["text"].split("\n")).replace("\r", " ") for r in csv.DictReader(f)][:n]
    with open(path, "w", encoding="utf8") as f:
        f.writelines(t + "\n" for t in texts)


def one_round(o, program, cache, lines):
    peer = [o.python, os.path.join(HERE, "peer_ort.py"), "--model", o.model, "--cache", cache, "--threads", o.threads]
    yield "whet", "shapes", run_json([program, o.model, "shapes", o.shapes, o.seconds, o.threads])
    for g in GRAPHS:
        yield "onnxruntime " + g, "shapes", run_json([*peer, "--graph", g, "--seconds", o.seconds, "shapes", o.shapes])
    yield "whet", "text", run_json([program, o.model, "text", lines, 32, o.threads])
    for g in GRAPHS:
        yield "onnxruntime " + g, "text", run_json([*peer, "--graph", g, "text", lines])


def compare(name, results, value, lower_is_better, digits):
    """Rows of one line of the table: ours, the faster peer, the ratio (above 1: we are faster)."""
    by = {}
    for program, r in results:
        by.setdefault(program, []).append(value(r))
    peers = {p: median(v) for p, v in by.items() if p != "whet"}
    best = (min if lower_is_better else max)(peers, key=peers.get)
    ratio = peers[best] / median(by["whet"]) if lower_is_better else median(by["whet"]) / peers[best]
    return [name, spread(by["whet"], digits), spread(by[best], digits), best.split()[-1], f"{ratio:.2f}"]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--model", required=True, help="published MiniLM-L6 folder")
    a.add_argument("--python", default=sys.executable, help="a Python with the peers")
    a.add_argument("--build", default=os.path.join(ROOT, "build"))
    a.add_argument("--peers", default=PEERS)
    a.add_argument("--rounds", type=int, default=5)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--seconds", type=float, default=2, help="a shape is run this long")
    a.add_argument("--shapes", default="1x16,1x128,32x32,32x128")
    a.add_argument("--texts", type=int, default=10**9)
    a.add_argument("--quick", action="store_true", help="one short round, nothing written: does it run at all?")
    a.add_argument("--out", default=os.path.join(HERE, "results.json"))
    o = a.parse_args()
    if o.quick:
        o.rounds, o.seconds, o.texts = 1, 0.2, 320

    result = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "limits": limits(o.peers, o.threads), "rounds": o.rounds,
              "commit": subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True).stdout.strip()}
    program = build_program(os.path.join(HERE, "infer_bench.c"), o.build)
    shapes, text = [], []
    with tempfile.TemporaryDirectory() as cache:
        lines = os.path.join(cache, "texts.txt")
        write_texts(lines, o.texts)
        result["export"] = run_json([o.python, os.path.join(HERE, "peer_ort.py"), "--model", o.model, "--cache", cache, "export"])
        for r in range(o.rounds):
            for name, kind, got in one_round(o, program, cache, lines):
                (shapes if kind == "shapes" else text).append((name, got))
                print(f"round {r + 1}  {name:18s} {json.dumps(got)}", file=sys.stderr, flush=True)
    result["shapes"], result["text"] = ([{"program": n, **r} for n, r in rows] for rows in (shapes, text))
    checks = {r["check"] for _, r in text}
    assert max(checks) - min(checks) < 0.01 and len({r["tokens"] for _, r in text}) == 1, checks      # the same answers from all
    rows = [compare(f"{s}, ms", shapes, lambda r, s=s: r["ms"][s], True, 2) for s in o.shapes.split(",")]
    rows.append(compare("banking77 test, real tok/s", text, lambda r: r["tok_s"], False, 0))
    rows.append(compare("peak MiB of that", text, lambda r: r["rss_mib"], True, 0))
    print(f"{result['machine']['cpu']} (family {result['machine']['family']}, model {result['machine']['model']}), {o.threads} threads; "
          f"limits: {result['limits']['fma_gflops']:.0f} GFLOP/s, triad {result['limits']['triad_gb_s']:.0f} GB/s\n")
    print(table(["MiniLM-L6, fp32", "whet", "onnxruntime, the faster graph", "graph", "ratio"], rows))
    if not o.quick:
        with open(o.out, "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
