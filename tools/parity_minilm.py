#!/usr/bin/env python3
"""Compares `whet predict --task embedding --json` with sentence-transformers on the same folder and the same texts.

    python3 tools/parity_minilm.py --model DIR [--texts ../shared/data/banking77/test.csv] [--n 1000] [--whet build/whet]

Needs: pip install sentence-transformers. Prints one JSON line: how many texts, the lowest and the mean cosine, the largest
difference of an element, the text of the lowest cosine. Exits 1 when a cosine is below 0.99999. Texts longer than the
model's own limit (max_seq_length of sentence_bert_config.json) are cut by sentence-transformers only, so they are left out.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LEAST = 0.99999


def read_texts(path, n):
    with open(path, encoding="utf8", newline="") as f:
        return [row["text"] for row in csv.DictReader(f)][:n]


def ours(whet, model, texts):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf8") as f:
        f.writelines(json.dumps({"text": t}) + "\n" for t in texts)
        f.flush()
        out = subprocess.run([whet, "predict", model, "--task", "embedding", "--json", "--input", f.name],
                             stdout=subprocess.PIPE, check=True, text=True).stdout
    return [json.loads(line)["embedding"] for line in out.splitlines()]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--model", required=True)
    a.add_argument("--texts", default=os.path.join(ROOT, "..", "shared", "data", "banking77", "test.csv"))
    a.add_argument("--n", type=int, default=1000)
    a.add_argument("--whet", default=os.path.join(ROOT, "build", "whet"))
    o = a.parse_args()

    import numpy as np
    import torch
    from sentence_transformers import SentenceTransformer
    torch.set_num_threads(2)
    peer = SentenceTransformer(o.model, device="cpu")
    texts = read_texts(o.texts, 10**9)
    texts = [t for t in texts if len(peer.tokenizer(t)["input_ids"]) <= peer.max_seq_length][:o.n]
    want = peer.encode(texts, normalize_embeddings=True).astype(np.float64)
    got = np.array(ours(o.whet, o.model, texts))
    assert got.shape == want.shape, (got.shape, want.shape)
    cosine = (got * want).sum(1) / np.linalg.norm(got, axis=1) / np.linalg.norm(want, axis=1)
    worst = int(cosine.argmin())
    print(json.dumps({"texts": len(texts), "lowest_cosine": round(float(cosine[worst]), 9), "mean_cosine": round(float(cosine.mean()), 9),
                      "largest_difference": float(f"{abs(got - want).max():.2g}"), "lowest_at": texts[worst][:80]}))
    sys.exit(int(cosine[worst] < LEAST))


if __name__ == "__main__":
    main()
