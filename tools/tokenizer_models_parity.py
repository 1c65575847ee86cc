#!/usr/bin/env python3
"""Compares the models BPE, Unigram and WordLevel, and SentencePiece's files, with the libraries that they come from.

    tools/tokenizer_models_parity.py synthetic --program "build/encode_main --decode"      random small models of each kind
    tools/tokenizer_models_parity.py sentencepiece MODEL.model --program ... [--data FOLDER]
    tools/tokenizer_models_parity.py long --program ...                    words of 100,000 characters

synthetic: vocabularies of a few characters with random merges or scores, every setting, so that ties, unknown characters
and missing bytes happen all the time. sentencepiece: ids, pieces and decoded text beside the sentencepiece library, on
the strings of tokenizer_parity.py. encode_main is tests/data/tokenizer/encode_main.c. Exit code 0: no difference.
Needs: pip install tokenizers==0.23.3 sentencepiece==0.2.3.
"""

import argparse
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tokenizer_parity import compare, hard_strings, texts_in_folder  # noqa: E402

ALPHABETS = ["ab", "abc\u00e9", "a\u6c34\u77f3b", "ab\u2581", "xy\u2581\U0001f600"]


def random_bpe(rng):
    chars = sorted(rng.choice(ALPHABETS))
    prefix = rng.choice([None, None, "", "##"])
    suffix = rng.choice([None, None, "", "</w>"])
    forms = lambda c: {c, (prefix or "") + c, c + (suffix or ""), (prefix or "") + c + (suffix or "")}  # noqa: E731
    vocab = sorted(set().union(*(forms(c) for c in chars if rng.random() < 0.9)) | {"<unk>"})
    if rng.random() < 0.5:
        vocab += ["<0x%02X>" % i for i in range(256) if rng.random() < rng.choice([1.0, 1.0, 0.7])]
    merges = []
    pieces = [v for v in vocab if not v.startswith("<")]
    for _ in range(rng.randrange(0, 60)):
        if not pieces:
            break
        a, b = rng.choice(pieces), rng.choice(pieces)
        tail = b[len(prefix) :] if prefix and b.startswith(prefix) else b
        if prefix and not b.startswith(prefix) or suffix and a.endswith(suffix):
            continue
        if a + tail not in vocab:
            vocab.append(a + tail)
            pieces.append(a + tail)
        merges.append((a, b))
    rng.shuffle(merges)
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": rng.choice([None, "<unk>", "<unk>"]),
        "continuing_subword_prefix": prefix,
        "end_of_word_suffix": suffix,
        "fuse_unk": rng.random() < 0.5,
        "byte_fallback": not prefix and not suffix and rng.random() < 0.5,  # else offsets leave the text
        "ignore_merges": rng.random() < 0.3,
        "vocab": {t: i for i, t in enumerate(vocab)},
        "merges": [" ".join(m) for m in merges] if rng.random() < 0.5 else [list(m) for m in merges],
    }


def random_unigram(rng):
    chars = rng.choice(ALPHABETS)
    pieces = {"<unk>": 0.0}
    for c in chars:
        if rng.random() < 0.9:
            pieces[c] = rng.choice([-2.0, -3.5, -1.0, rng.uniform(-9, 0)])
    for _ in range(rng.randrange(0, 40)):
        piece = "".join(rng.choices(chars, k=rng.randrange(2, 6)))
        pieces[piece] = rng.choice([-2.0, -4.0, -6.0, rng.uniform(-9, 0), rng.uniform(-1, 1)])
    if rng.random() < 0.5:
        pieces.update({"<0x%02X>" % i: 0.0 for i in range(256) if rng.random() < rng.choice([1.0, 0.8])})
    return {"type": "Unigram", "unk_id": 0, "byte_fallback": rng.random() < 0.5, "vocab": [list(p) for p in pieces.items()]}


def random_wordlevel(rng):
    chars = rng.choice(ALPHABETS)
    words = ["<unk>"] + sorted({"".join(rng.choices(chars, k=rng.randrange(1, 4))) for _ in range(20)})
    return {"type": "WordLevel", "unk_token": "<unk>", "vocab": {w: i for i, w in enumerate(words)}}


def random_texts(rng, n):
    chars = "aab  bc\u00e9\u6c34\u77f3\u2581\u2581xy\U0001f600qz"
    for _ in range(n):
        yield "".join(rng.choices(chars, k=rng.choice([1, 2, 3, 5, 8, 13, 40, 200]))).strip() or "a"
    yield "ab" * 3000 + "\u2581" + "a" * 3000


def check_synthetic(args):
    from tokenizers import Tokenizer

    bad, rng = 0, random.Random(args.seed)
    makers = [random_bpe, random_bpe, random_bpe, random_unigram, random_unigram, random_wordlevel]
    with tempfile.TemporaryDirectory() as folder:
        for i in range(args.models):
            model = {
                "version": "1.0",
                "truncation": None,
                "padding": None,
                "added_tokens": [],
                "normalizer": None,
                "pre_tokenizer": rng.choice([None, {"type": "BertPreTokenizer"}]),
                "post_processor": None,
                "decoder": None,
                "model": makers[i % len(makers)](rng),
            }
            path = os.path.join(folder, "model-%d.json" % i)
            with open(path, "w", encoding="utf-8") as f:
                json.dump(model, f, ensure_ascii=False)
            wrong, n = compare(args.program, path, Tokenizer.from_file(path), list(random_texts(rng, args.texts)))
            if wrong:
                print("model %d: %d of %d differ; settings %s" % (i, wrong, n, settings(model)), flush=True)
                os.rename(path, "/tmp/model-%d.json" % i)
            bad += wrong
    print("%d random models, %d texts each: %d differ" % (args.models, args.texts + 1, bad))
    return bad


def settings(model):
    return {k: v for k, v in model["model"].items() if k not in ("vocab", "merges")}


def rows_of(program, model, texts):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", newline="\n", delete=False) as f:
        for t in texts:
            f.write(json.dumps({"text": t}, ensure_ascii=False) + "\n")
    p = subprocess.Popen(shlex.split(program) + [model, "--input", f.name, "--json"], stdout=subprocess.PIPE, encoding="utf-8")
    for line in p.stdout:
        yield json.loads(line)
    if p.wait() != 0:
        sys.exit("the program failed with exit code %d" % p.returncode)
    os.unlink(f.name)


def check_sentencepiece(args):
    import sentencepiece

    sp = sentencepiece.SentencePieceProcessor(model_file=args.model)
    texts = list(hard_strings(args.hard, args.seed))
    if args.data:
        texts += texts_in_folder(args.data, args.lines)
    texts += [" ", "  a  b  ", "a" * 100000, "\u6c34" * 30000, " " * 1000 + "x" + " " * 1000, "--" * 500, "=" * 999, "\t\n a"]
    bad = n = 0
    for text, ours in zip(texts, rows_of(args.program, args.model, texts), strict=True):
        n += 1
        proto = sp.encode(text, return_type="immutable_proto") if hasattr(sp, "encode_as_immutable_proto") else None
        ids = sp.encode(text)
        want = {"ids": ids, "decoded": sp.decode(ids)}
        if proto is not None:
            at = [0]
            for c in text:
                at.append(at[-1] + len(c.encode()))
            want["offsets"] = [[at[p.begin], at[p.end]] for p in proto.pieces]
        keys = [k for k in ("ids", "decoded") + (("offsets",) if args.offsets else ()) if ours[k] != want[k]]
        if keys:
            bad += 1
            if bad <= 5:
                print("DIFFERENT", keys, ascii(text)[:300])
                for k in keys:
                    i = next((i for i, (a, b) in enumerate(zip(ours[k], want[k])) if a != b), 0)
                    print("  %s from %d: ours %s, theirs %s" % (k, i, ascii(ours[k][i : i + 8]), ascii(want[k][i : i + 8])))
    print("%s: %d texts, %d differ" % (os.path.basename(args.model), n, bad))
    return bad


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("what", choices=["synthetic", "sentencepiece"])
    a.add_argument("model", nargs="?")
    a.add_argument("--program", required=True)
    a.add_argument("--data")
    a.add_argument("--lines", type=int, default=60000)
    a.add_argument("--hard", type=int, default=0x110000 // 64 + 5000)
    a.add_argument("--models", type=int, default=120)
    a.add_argument("--texts", type=int, default=300)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--offsets", action="store_true")
    args = a.parse_args()
    sys.exit(1 if {"synthetic": check_synthetic, "sentencepiece": check_sentencepiece}[args.what](args) else 0)


if __name__ == "__main__":
    main()
