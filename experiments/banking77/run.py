#!/usr/bin/env python3
"""Fine-tuning quality: MiniLM-L6 on banking77 with whet, seed by seed, against the Transformers Trainer's accuracies.

    python3 experiments/banking77/run.py --model DIR [--seeds 0,1,2,3] [--runs runs/banking77] [--max-steps N] [--peer 0.92,...]

For each seed: `whet train configs/task/banking77.json`, then `whet eval RUN --split test --json`. Prints accuracy and macro F1 of each, mean,
standard deviation, and the 95 % interval of the difference of the mean accuracies (Welch 1947). A seed whose run is
finished is not trained again. Writes results.json beside this file unless --max-steps cuts the recipe short.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cpu_training"))
from machine import ROOT, machine, table  # noqa: E402

JOB = os.path.join(ROOT, "configs", "task", "banking77.json")
PEER = [0.92078, 0.91753, 0.92078, 0.91526]      # hf_classify.py: the same recipe, seeds 0 to 3, after epoch 3


def whet(o, *args):
    r = subprocess.run([o.whet, *map(str, args)], stdout=subprocess.PIPE, text=True)
    if r.returncode:
        raise SystemExit(f"whet {' '.join(map(str, args))} ended with {r.returncode}")
    return json.loads(r.stdout.strip().splitlines()[-1])


def one_seed(o, seed):
    run = os.path.join(o.runs, f"seed-{seed}" + (f"-{o.max_steps}-steps" if o.max_steps else ""))
    train = ["train", JOB, "--model.from", o.model, "--output_dir", run, "--train.seed", seed, "--json"]
    if o.max_steps:
        train += ["--max_steps", o.max_steps]
    began = time.time()
    summary = whet(o, *train, *(["--resume"] if os.path.exists(run) else []))
    took = time.time() - began
    report = whet(o, "eval", run, "--split", "test", "--json")
    value = lambda name: report["metrics"][name]["value"]
    return {"seed": seed, "accuracy": value("accuracy"), "macro_f1": value("macro_f1"), "steps": summary["steps"],
            "train_seconds": summary["seconds"], "command_seconds": took,
            "interval": [report["metrics"]["accuracy"][k] for k in ("low", "high")]}


def t_quantile(p, df):
    """Of Student's distribution, by bisection on Simpson's rule."""
    c = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    density = lambda x: c * (1 + x * x / df) ** (-(df + 1) / 2)

    def cdf(x, n=2000):
        h = x / n
        return 0.5 + h / 3 * sum(density(i * h) * (1 if i in (0, n) else 4 if i % 2 else 2) for i in range(n + 1))
    low, high = 0.0, 200.0
    for _ in range(60):
        mid = (low + high) / 2
        low, high = (mid, high) if cdf(mid) < p else (low, mid)
    return (low + high) / 2


def welch(a, b):
    """Difference of the means, and its 95 % interval."""
    va, vb = statistics.variance(a) / len(a), statistics.variance(b) / len(b)
    df = (va + vb) ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1))
    d, half = statistics.mean(a) - statistics.mean(b), t_quantile(0.975, df) * math.sqrt(va + vb)
    return d, d - half, d + half, df


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--model", required=True, help="published MiniLM-L6 folder")
    a.add_argument("--whet", default=os.path.join(ROOT, "build", "whet"))
    a.add_argument("--runs", default=os.path.join(ROOT, "runs", "banking77"))
    a.add_argument("--seeds", default="0,1,2,3")
    a.add_argument("--max-steps", type=int, default=0)
    a.add_argument("--peer", default=",".join(map(str, PEER)), help="the peer's accuracies")
    o = a.parse_args()
    os.makedirs(o.runs, exist_ok=True)
    peer = [float(x) for x in o.peer.split(",")]
    rows = []
    for seed in map(int, o.seeds.split(",")):
        rows.append(one_seed(o, seed))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)

    ours = [r["accuracy"] for r in rows]
    print(table(["seed", "accuracy", "95 % interval", "macro F1", "seconds"],
                [[r["seed"], f"{r['accuracy']:.5f}", f"{r['interval'][0]:.4f} to {r['interval'][1]:.4f}", f"{r['macro_f1']:.4f}", f"{r['train_seconds']:.0f}"] for r in rows]))
    result = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "seeds": rows, "peer": peer, "mean": statistics.mean(ours), "peer_mean": statistics.mean(peer)}
    if len(ours) > 1:
        d, low, high, df = welch(ours, peer)
        result |= {"sd": statistics.stdev(ours), "peer_sd": statistics.stdev(peer), "difference": d, "low": low, "high": high}
        print(f"\nwhet   mean {result['mean']:.4f}  sd {result['sd']:.4f}\npeer   mean {result['peer_mean']:.4f}  sd {result['peer_sd']:.4f}\n"
              f"difference {d:+.4f}, 95 % interval {low:+.4f} to {high:+.4f} (Welch, {df:.1f} degrees of freedom)")
    if not o.max_steps:
        with open(os.path.join(HERE, "results.json"), "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
