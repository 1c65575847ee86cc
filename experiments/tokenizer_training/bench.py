"""Training of tokenizers: whet and the `tokenizers` library in turns, time and peak memory.

    python3 bench.py WHET TEXT OUT [--rounds 3] [--types wordpiece,bpe,unigram] [--threads 1,2] [--vocab_size 30000]

Every run is a process of its own. The reference reads the same file with train_from_files, its fastest way in; its time
is that call, without starting Python. The time of whet is the whole process, with writing the files. Peak memory is
ru_maxrss of the process; "of it empty" is what the process has before it trains (Python with the library: about 30 MiB).
Processor seconds are counted too, as other work on the machine lengthens the time but hardly those. Results go to OUT as
JSON after each case: medians, ratios, and how many tokens of the vocabularies agree."""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time


def reference(kind, text, vocab_size, out):
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    common = {"vocab_size": vocab_size, "show_progress": False}
    if kind == "wordpiece":
        t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        t.normalizer = normalizers.BertNormalizer(lowercase=True)
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        trainer = trainers.WordPieceTrainer(special_tokens=special, min_frequency=2, **common)
    elif kind == "bpe":
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(special_tokens=["<|endoftext|>"], min_frequency=2,
                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **common)
    else:
        t = Tokenizer(models.Unigram())
        t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
        t.pre_tokenizer, t.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        trainer = trainers.UnigramTrainer(special_tokens=special, unk_token="<unk>", **common)
    before = resource.getrusage(resource.RUSAGE_SELF)
    empty, begin = peak(), time.perf_counter()
    t.train([text], trainer)
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    t.save(out)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak(), "empty_mib": empty}))


def tokens(path):
    vocab = json.load(open(path))["model"]["vocab"]
    return set(vocab) if isinstance(vocab, dict) else {v[0] for v in vocab}


def run_whet(whet, kind, text, threads, vocab_size, out):
    command = [whet, "tokenizer", "train", text, "--type", kind, "--vocab_size", str(vocab_size), "--threads", str(threads),
               "--format", "text", "--out", out, "--json"] + (["--lowercase"] if kind == "wordpiece" else [])
    begin = time.perf_counter()
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         env={**os.environ, "OMP_WAIT_POLICY": "passive"})
    said = json.loads(p.stdout.read())
    _, status, usage = os.wait4(p.pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        sys.exit("whet failed: " + " ".join(command))
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024, "counting": said["seconds_counting"],
            "training": said["seconds_training"]}


def run_reference(kind, text, threads, vocab_size, out):
    env = {**os.environ, "RAYON_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false"}
    command = [sys.executable, __file__, "--reference", kind, text, str(vocab_size), out]
    return json.loads(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)


def summary(rows):
    out = []
    for (kind, threads), r in rows.items():
        ours, ref = r["whet"], r["reference"]
        mid = lambda runs, key: statistics.median(run[key] for run in runs)  # noqa: E731
        out.append({
            "type": kind, "threads": threads, "rounds": len(ref),
            "whet_seconds": round(mid(ours, "seconds"), 2), "reference_seconds": round(mid(ref, "seconds"), 2),
            "ratio": round(statistics.median(b["seconds"] / a["seconds"] for a, b in zip(ours, ref)), 1),
            "whet_cpu": round(mid(ours, "cpu"), 2), "reference_cpu": round(mid(ref, "cpu"), 2),
            "cpu_ratio": round(statistics.median(b["cpu"] / a["cpu"] for a, b in zip(ours, ref)), 1),
            "whet_counting": round(mid(ours, "counting"), 2), "whet_training": round(mid(ours, "training"), 2),
            "whet_peak_mib": round(mid(ours, "peak_mib")), "reference_peak_mib": round(mid(ref, "peak_mib")),
            "reference_empty_mib": round(mid(ref, "empty_mib")), **r["same"]})
    return out


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--reference":
        return reference(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
    p = argparse.ArgumentParser()
    for name in ("whet", "text", "out"):
        p.add_argument(name)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--types", default="wordpiece,bpe,unigram")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--vocab_size", type=int, default=30000)
    a = p.parse_args()
    cases = [(k, int(t)) for k in a.types.split(",") for t in a.threads.split(",")]
    rows = {case: {"whet": [], "reference": [], "same": {}} for case in cases}
    with tempfile.TemporaryDirectory() as tmp:
        for turn in range(a.rounds):
            for kind, threads in cases:
                r = rows[kind, threads]
                r["whet"].append(run_whet(a.whet, kind, a.text, threads, a.vocab_size, tmp + "/w"))
                r["reference"].append(run_reference(kind, a.text, threads, a.vocab_size, tmp + "/r.json"))
                ours, theirs = tokens(tmp + "/w/tokenizer.json"), tokens(tmp + "/r.json")
                r["same"] = {"n_tokens": len(ours), "tokens_in_both": len(ours & theirs)}
                print(kind, threads, r["whet"][-1], r["reference"][-1], r["same"], file=sys.stderr, flush=True)
                done = {c: r for c, r in rows.items() if r["reference"]}
                with open(a.out, "w") as f:
                    json.dump({"bytes": os.path.getsize(a.text), "vocab_size": a.vocab_size, "rows": summary(done)}, f, indent=1)


main()
