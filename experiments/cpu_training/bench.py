#!/usr/bin/env python3
"""Training on the CPU: whet against PyTorch and the Transformers Trainer, on the same machine, in turns.

    python3 experiments/cpu_training/bench.py --model DIR [--python VENV/bin/python] [--rounds 3] [--quick]

DIR is the published MiniLM-L6 folder; the Python needs torch, transformers, accelerate and scikit-learn. Three parts:
  limits  what the two cores and the memory can do at all
  dense   whole steps on equal-length batches with random weights: step_bench.c against bench_torch.py (eager attention with
          the default AdamW; fused attention with the fused AdamW); the ratio is to the better of the two
  real    banking77 in batches of 32: `whet train` against hf_classify.py, real tokens a second, peak memory, seconds from
          the command to the first step
Rounds alternate between the programs; medians (least - most). Writes results.json beside this file and prints the table.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

from machine import PEERS, ROOT, build_program, limits, machine, median, run_json, spread, table

HERE = os.path.dirname(os.path.abspath(__file__))
SETTINGS = {"eager": ["--attn", "manual"], "sdpa + fused": ["--attn", "sdpa", "--opt", "fused"]}


# ---- dense batches -----------------------------------------------------------------------------------------------------

def dense_round(o, program, model, batch, tokens, steps):
    ours = run_json([program, model, batch, tokens, steps, 2, o.threads])
    yield "whet", ours
    for name, flags in SETTINGS.items():
        yield name, run_json([o.python, os.path.join(o.peers, "bench_torch.py"), "--model", model, "--mode", "train", "--batch", batch,
                              "--seq", tokens, "--steps", steps, "--warmup", 2, "--threads", o.threads, *flags])


def dense(o, peak):
    program = build_program(os.path.join(HERE, "step_bench.c"), o.build)
    rows, raw = [], []
    runs = {}
    for r in range(o.rounds):
        for shape in o.dense.split(","):
            model, size = shape.split(":")
            batch, tokens = map(int, size.split("x"))
            steps = o.steps if o.steps else 8 if model == "minilm" else 4
            for name, result in dense_round(o, program, model, batch, tokens, steps):
                runs.setdefault(shape, {}).setdefault(name, []).append(result)
                raw.append({"round": r, "shape": shape, "program": name, **result})
                say(f"round {r + 1}  {shape:18s} {name:13s} {result['tok_s']:7.0f} tok/s  {result['rss_mib']} MiB")
    for shape, by_name in runs.items():
        speed = {n: median([x["tok_s"] for x in v]) for n, v in by_name.items()}
        best = max((n for n in speed if n != "whet"), key=speed.get)
        memory = {n: max(x["rss_mib"] for x in v) for n, v in by_name.items()}
        for name, v in by_name.items():
            rows.append([shape, name, spread([x["tok_s"] for x in v]), f"{median([x['gflops'] for x in v]):.0f}",
                         f"{100 * median([x['gflops'] for x in v]) / peak:.0f} %", memory[name],
                         f"{speed['whet'] / speed[best]:.2f}" if name == "whet" else "",
                         f"{memory['whet'] / min(m for n, m in memory.items() if n != 'whet'):.2f}" if name == "whet" else ""])
    return rows, raw


# ---- real text -----------------------------------------------------------------------------------------------------------

def run_timed(command, watch=None):
    """(stdout, seconds until `watch` has a line, peak MiB)"""
    began, first, done = time.time(), [None], threading.Event()

    def look():
        while first[0] is None and not done.is_set():
            if os.path.exists(watch) and b"\n" in open(watch, "rb").read():
                first[0] = time.time() - began
            time.sleep(0.003)
    looker = threading.Thread(target=look)
    if watch:
        looker.start()
    with tempfile.TemporaryFile("w+") as err:
        p = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=err, text=True)
        out = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        done.set()
        if watch:
            looker.join()
        if status:
            err.seek(0)
            raise SystemExit(f"{command[0]} failed:\n{err.read()[-2000:]}")
    return out, first[0], usage.ru_maxrss / 1024


def whet_real(o, steps, seed):
    with tempfile.TemporaryDirectory() as d:
        run = os.path.join(d, "run")
        log = os.path.join(run, "metrics.jsonl")
        _, first, rss = run_timed([o.whet, "train", o.job, "--model.from", o.model, "--output_dir", run, "--max_steps", steps,
                                   "--logging_steps", steps, "--train.seed", seed, "--threads", o.threads, "--quiet"], watch=log)
        lines = [json.loads(line) for line in open(log)]
    batch, at, tokens, seconds = 32, 0, 0.0, 0.0
    for line in lines:                                  # each covers the steps since the one before
        took = (line["step"] - at) * batch / line["samples_per_second"]
        tokens += line["tokens_per_second"] * took
        seconds += took
        at = line["step"]
    return {"real_tok_s": tokens / seconds, "first_step_s": first, "rss_mib": rss, "loss": lines[-1]["loss"], "tokens": tokens}


def peer_real(o, steps, seed):
    out, _, rss = run_timed([o.python, os.path.join(o.peers, "hf_classify.py"), "--model", o.model, "--train", o.train, "--test", o.train,
                             "--label", "category", "--lr", "5e-4", "--max-steps", steps, "--no-eval", "--threads", o.threads, "--seed", seed])
    r = json.loads(out.strip().splitlines()[-1])
    return {"real_tok_s": r["real_tok_s"], "first_step_s": r["first_step_at_s"], "rss_mib": rss, "padding": r["padding"]}


def real(o):
    runs, raw = {"whet": [], "Trainer": []}, []
    steps = o.steps * 4 if o.steps else 40
    for r in range(o.rounds):
        for name, run in (("whet", whet_real), ("Trainer", peer_real)):
            result = run(o, steps, r)
            runs[name].append(result)
            raw.append({"round": r, "program": name, "steps": steps, **result})
            say(f"round {r + 1}  banking77 x 32    {name:13s} {result['real_tok_s']:7.0f} real tok/s  {result['rss_mib']:.0f} MiB  first step after {result['first_step_s']:.2f} s")
    value = lambda name, key: median([x[key] for x in runs[name]])
    rows = [[name, spread([x["real_tok_s"] for x in v]), f"{max(x['rss_mib'] for x in v):.0f}", spread([x["first_step_s"] for x in v], 2)] for name, v in runs.items()]
    ratio = [f"{value('whet', 'real_tok_s') / value('Trainer', 'real_tok_s'):.2f}",
             f"{max(x['rss_mib'] for x in runs['whet']) / max(x['rss_mib'] for x in runs['Trainer']):.2f}",
             f"{value('whet', 'first_step_s') / value('Trainer', 'first_step_s'):.3f}"]
    return [*rows, ["ratio", *ratio]], raw


# ---- all of it -------------------------------------------------------------------------------------------------------------

def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--model", required=True, help="published MiniLM-L6 folder")
    a.add_argument("--python", default=sys.executable, help="a Python with the peers")
    a.add_argument("--build", default=os.path.join(ROOT, "build"))
    a.add_argument("--peers", default=PEERS)
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--dense", default="minilm:16x128,bert-base:16x128", help="MODEL:BATCHxTOKENS,... (minilm:32x64 is another)")
    a.add_argument("--steps", type=int, default=0, help="timed steps a run; default by model")
    a.add_argument("--only", choices=["dense", "real"], help="one part")
    a.add_argument("--quick", action="store_true", help="one round of few steps on MiniLM, nothing written: does it run at all?")
    a.add_argument("--out", default=os.path.join(HERE, "results.json"))
    o = a.parse_args()
    o.whet = os.path.join(o.build, "whet")
    o.job = os.path.join(ROOT, "configs", "task", "banking77.json")
    o.train = os.path.join(ROOT, "..", "shared", "data", "banking77", "train.csv")
    if o.quick:
        o.rounds, o.steps, o.dense = 1, 2, "minilm:16x128"

    result = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "limits": limits(o.peers, o.threads), "rounds": o.rounds,
              "commit": subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True).stdout.strip()}
    text = [f"{result['machine']['cpu']} (family {result['machine']['family']}, model {result['machine']['model']}), {o.threads} threads; "
            f"limits: {result['limits']['fma_gflops']:.0f} GFLOP/s, triad {result['limits']['triad_gb_s']:.0f} GB/s, read {result['limits']['read_gb_s']:.0f} GB/s"]
    if o.only != "real":
        rows, result["dense"] = dense(o, result["limits"]["fma_gflops"])
        text.append(table(["dense", "program", "tok/s", "GFLOP/s", "of peak", "MiB", "speed ratio", "memory ratio"], rows))
    if o.only != "dense":
        rows, result["real"] = real(o)
        text.append(table(["banking77, batch 32", "real tok/s", "peak MiB", "first step, s"], rows))
    print("\n\n".join(text))
    if not o.quick:
        with open(o.out, "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
