#!/usr/bin/env python3
"""Compares our tokenizer with the reference library, string by string: ids, offsets in bytes, tokens.

    tools/tokenizer_parity.py MODEL --program "build/whet tokenizer encode" [--data FOLDER] [--lines N] [--pairs] ...
    tools/tokenizer_parity.py --synthetic --pairs --hard 20500 --program "build/encode_main --decode"

MODEL: a folder with tokenizer.json (and for --vocab-txt vocab.txt). FOLDER: any text files; lines of .txt/.csv/.tsv,
every string inside .json/.jsonl, .txt members of .zip. --hard generates strings of the kinds that go wrong: every class
of code point, marks in any order, very long words, special tokens inside text. --synthetic goes through models made
here: one token a character, each setting of the normalizer, with and without pre-tokenizer, added tokens with every
flag. --pairs: the program also takes "pair" in its .jsonl and --max-length, as tests/data/tokenizer/encode_main.c does;
keys beyond ids, tokens and offsets (segments, words, decoded) are compared where the program prints them.
Exit code 0: no difference. Needs: pip install tokenizers==0.23.3 (and transformers for --vocab-txt).
"""

import argparse
import itertools
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
import unicodedata
import zipfile

from tokenizers import Tokenizer

MAX_CHARS = 3000


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for v in value.values():
            yield from strings_of(v)
    elif isinstance(value, list):
        for v in value:
            yield from strings_of(v)


def texts_in_file(path):
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as z:
            for name in z.namelist():
                if name.lower().endswith(".txt"):
                    yield from z.read(name).decode("utf-8", "replace").splitlines()
        return
    if not path.endswith(
        (".txt", ".csv", ".tsv", ".json", ".jsonl", ".conllu", ".tokens", ".md", ".yml", ".raw")
    ) and "." in os.path.basename(path):
        return
    with open(path, encoding="utf-8", errors="replace", newline="\n") as f:
        if path.endswith(".json"):
            yield from strings_of(json.load(f))
        elif path.endswith(".jsonl"):
            for line in f:
                yield from strings_of(json.loads(line))
        else:
            for line in f:
                yield line.rstrip("\n")


def texts_in_folder(folder, limit):
    """The same share of every file, so that small languages are not drowned; each string once."""
    readers, seen, out = [], set(), []
    for where, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            readers.append(texts_in_file(os.path.join(where, name)))
    while readers and len(out) < limit:
        for reader in list(readers):
            for text in itertools.islice(reader, 50):
                text = text[:MAX_CHARS]
                if text.strip() and text not in seen:
                    seen.add(text)
                    out.append(text)
            if next(reader, None) is None:
                readers.remove(reader)
    return out[:limit]


def hard_strings(n, seed=1):
    rng = random.Random(seed)
    assigned = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) != "Cn"]
    classes = {}
    for ch in assigned:
        classes.setdefault(unicodedata.category(ch), []).append(ch)
    marks = [ch for ch in assigned if unicodedata.combining(ch)] + [
        "\u0344",
        "\u0f73",
        "\u0f81",
        "\u302e",
        "\U0001d165",
        "\U0001d16d",
    ]
    spaces = [
        " ",
        "\t",
        "\n",
        "\r",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x85",
        "\u00a0",
        "\u1680",
        "\u2003",
        "\u2028",
        "\u202f",
        "\u3000",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\u00ad",
    ]
    words = (
        "the quick brown fox unaffable transformers embeddings don't ##ing http://a.b/c?d=1 3.14 1,000 a_b Straße naïve "
        "café İstanbul ΌΔΟΣ Ωmega 北京 東京 한국어 日本語 kana かな x\u0301\u0323 \u1e69 [MASK] [CLS] [SEP] [PAD] [UNK] [unused1]"
    ).split()

    emoji = ["😀", "👩\u200d👩\u200d👧", "🇩🇪", "1\ufe0f\u20e3", "❤\ufe0f", "👍🏽", "\U000e0067"]
    cjk = [
        chr(
            rng.choice(
                [
                    rng.randrange(0x4E00, 0xA000),
                    rng.randrange(0x3400, 0x4DC0),
                    rng.randrange(0xF900, 0xFB00),
                    rng.randrange(0x20000, 0x2A6E0),
                    rng.randrange(0x2A6E0, 0x2A700),
                    rng.randrange(0x2B81E, 0x2B940),
                    rng.randrange(0x2CEA0, 0x2CEC0),
                    rng.randrange(0x2F800, 0x2FA20),
                    rng.randrange(0x3040, 0x3100),
                    rng.randrange(0xAC00, 0xD7A4),
                    rng.randrange(0x30000, 0x31350),
                ]
            )
        )
        for _ in range(3000)
    ]
    pieces = [
        lambda: rng.choice(words),
        lambda: rng.choice(words).upper(),
        lambda: rng.choice(spaces) * rng.randrange(1, 3),
        lambda: rng.choice(cjk),
        lambda: rng.choice(emoji),
        lambda: rng.choice(marks),
        lambda: "".join(rng.choices(marks, k=rng.randrange(2, 6))),
        lambda: rng.choice(classes[rng.choice(sorted(classes))]),
        lambda: "".join(rng.choices(classes[rng.choice(sorted(classes))], k=3)),
        lambda: chr(rng.randrange(1, 0x250)),
        lambda: chr(rng.randrange(0x20, 0x7F)),
        lambda: chr(rng.randrange(1, 0xD800)),
        lambda: chr(rng.randrange(0x10000, 0x110000)),
        lambda: unicodedata.normalize("NFD", rng.choice(words)),
        lambda: rng.choice("aé中\u0301x") * rng.choice([1, 2, 49, 50, 51, 99, 100, 101, 102, 130]),
    ]
    for i in range(n):
        if i * 64 < 0x110000:  # every code point once, in its neighbourhood and between letters
            block = [chr(c) for c in range(i * 64, i * 64 + 64) if not 0xD800 <= c < 0xE000 and c != 0]
            if block:
                yield "a".join(block) + " " + "".join(block)
                continue
        joiner = rng.choice(["", "", " "])
        yield joiner.join(rng.choice(pieces)() for _ in range(rng.randrange(1, 14)))


def byte_offsets(text, offsets):
    at = [0]
    for ch in text:
        at.append(at[-1] + len(ch.encode("utf-8")))
    return [[at[a], at[b]] for a, b in offsets]


def reference(tokenizer, text, pair=None):
    e = tokenizer.encode(text, pair) if pair is not None else tokenizer.encode(text)
    offsets = [[0, 0]] * len(e.ids)
    # id_to_token() shows a normalised added token in its normalised form; the token's name is its content.
    contents = {i: t.content for i, t in tokenizer.get_added_tokens_decoder().items()}
    for which, t in enumerate([text, pair]):
        if t is None:
            continue
        mine = [i for i, s in enumerate(e.sequence_ids) if s == which or pair is None]
        for i, o in zip(mine, byte_offsets(t, [e.offsets[i] for i in mine])):
            offsets[i] = o
    return {
        "ids": e.ids,
        "offsets": offsets,
        "tokens": [contents.get(i) or tokenizer.id_to_token(i) for i in e.ids],
        "segments": e.type_ids,
        "words": [-1 if w is None else w for w in e.word_ids],
        "decoded": tokenizer.decode(e.ids),
        "decoded_all": tokenizer.decode(e.ids, skip_special_tokens=False),
    }


def compare(program, model, tokenizer, texts, extra=()):
    """texts: strings or (text, pair). Returns the number that differ; prints the first few."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", newline="\n", delete=False) as f:
        for t in texts:
            row = {"text": t} if isinstance(t, str) else {"text": t[0], "pair": t[1]}
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    p = subprocess.Popen(
        shlex.split(program) + [model, "--input", f.name, "--json", *extra], stdout=subprocess.PIPE, encoding="utf-8"
    )
    wrong = n = 0
    for t, line in itertools.zip_longest(texts, p.stdout):
        if t is None or line is None:
            sys.exit("the program printed another number of lines than there are texts (stopped at text %d)" % n)
        n += 1
        ours = json.loads(line)
        theirs = reference(tokenizer, t) if isinstance(t, str) else reference(tokenizer, *t)
        keys = [k for k in theirs if k in ours and ours[k] != theirs[k]]
        if keys or "ids" not in ours or "offsets" not in ours:
            wrong += 1
            if wrong <= 5:
                print("DIFFERENT", ascii(t)[:400])
                for k in keys:
                    at = next(
                        (i for i, (a, b) in enumerate(zip(ours[k], theirs[k])) if a != b),
                        min(len(ours[k]), len(theirs[k])),
                    )
                    print(
                        "  %s from entry %d: ours %s, theirs %s"
                        % (k, at, ascii(ours[k][at : at + 8]), ascii(theirs[k][at : at + 8]))
                    )
    if p.wait() != 0:
        sys.exit("the program failed with exit code %d" % p.returncode)
    os.unlink(f.name)
    return wrong, n


def synthetic_models(folder):
    """(path, what): every character is a token and a continuation, so that each offset shows."""
    chars = [
        chr(c)
        for c in range(0x21, 0x110000)
        if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) not in ("Cn", "Co")
    ]
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocab = {
        t: i for i, t in enumerate(specials + chars + ["##" + c for c in chars] + ["the", "##the", "foo bar", "[x"])
    }

    def added(content, **flags):
        base = {
            "id": None,
            "content": content,
            "special": False,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": True,
        }
        return {**base, **flags}

    plain = [added(t, special=True, normalized=False) for t in specials]
    odd = plain + [
        added("Fox", single_word=True),
        added("QUICK", lstrip=True),
        added("b", rstrip=True, single_word=True, normalized=False),
        added("Wor"),
        added("\u00e9", normalized=False),
        added("[MASK]]", special=True, lstrip=True, rstrip=True, normalized=False),
        added("\u5317", rstrip=True),
        added(" t", normalized=False),
        added("aa", normalized=False),
        added("aaa", normalized=False),
        added("THE x", special=True),
        added("1", lstrip=True, rstrip=True),
    ]
    template = {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 3}}, {"SpecialToken": {"id": "E", "type_id": 2}}],
        "pair": [
            {"Sequence": {"id": "B", "type_id": 1}},
            {"SpecialToken": {"id": "E", "type_id": 2}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "special_tokens": {"E": {"id": "E", "ids": [3, 4], "tokens": ["[SEP]", "[MASK]"]}},
    }
    bert = {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    settings = [
        dict(clean_text=c, handle_chinese_chars=h, strip_accents=a, lowercase=low)
        for c in (True, False)
        for h in (True, False)
        for a in (True, False, None)
        for low in (True, False)
    ]
    for i, setting in enumerate(settings + [None]):
        tokens = json.loads(json.dumps(odd if (i + i // 2) % 2 else plain))
        next_id = len(vocab)
        for t in tokens:
            t["id"] = vocab.get(t["content"], next_id)
            next_id += t["content"] not in vocab
        model = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": tokens,
            "normalizer": setting and {"type": "BertNormalizer", **setting},
            "pre_tokenizer": {"type": "BertPreTokenizer"} if i % 3 else None,
            "post_processor": [template, bert, None][i % 3],
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": i % 2 == 0} if i % 4 else None,
            "model": {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##" if i % 5 else "#",
                "max_input_chars_per_word": 100 if i % 4 else 20,
                "vocab": vocab,
            },
        }
        path = os.path.join(folder, "synthetic-%d.json" % i)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(model, f, ensure_ascii=False)
        yield path, "synthetic %d: %s, %d added" % (i, setting, len(tokens))


def check_synthetic(args):
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for path, what in synthetic_models(folder):
            tokenizer = Tokenizer.from_file(path)
            texts = list(hard_strings(args.hard, args.seed))
            wrong, n = compare(args.program, path, tokenizer, texts)
            pairs = list(zip(texts[-400::2], texts[-399::2]))
            tokenizer.enable_truncation(9)
            wrong2, n2 = compare(args.program, path, tokenizer, pairs, ["--max-length", "9"]) if args.pairs else (0, 0)
            print("%s: %d of %d differ, of pairs %d of %d" % (what, wrong, n, wrong2, n2), flush=True)
            bad += wrong + wrong2
            os.unlink(path)
    return bad


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("model", nargs="?")
    a.add_argument("--program", required=True)
    a.add_argument("--data")
    a.add_argument("--lines", type=int, default=60000)
    a.add_argument("--hard", type=int, default=0x110000 // 64 + 30000)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument(
        "--vocab-txt", action="store_true", help="open vocab.txt with ours and with transformers' BertTokenizer"
    )
    a.add_argument("--synthetic", action="store_true")
    a.add_argument("--pairs", action="store_true")
    args = a.parse_args()
    if args.synthetic:
        sys.exit(1 if check_synthetic(args) else 0)
    model = args.model
    if args.vocab_txt:
        from transformers import BertTokenizer

        model = os.path.join(model, "vocab.txt")
        tokenizer = BertTokenizer(model).backend_tokenizer
    else:
        tokenizer = Tokenizer.from_file(os.path.join(model, "tokenizer.json") if os.path.isdir(model) else model)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    sets = {"hard": list(hard_strings(args.hard, args.seed))}
    if args.data:
        sets["data"] = texts_in_folder(args.data, args.lines)
    bad = 0
    for name, texts in sets.items():
        wrong, n = compare(args.program, model, tokenizer, texts)
        print("%-6s %7d strings, %9d characters: %d differ" % (name, n, sum(map(len, texts)), wrong))
        bad += wrong
    if not args.pairs:
        sys.exit(1 if bad else 0)
    texts = sets["hard"][-4000:]
    pairs = list(zip(texts[::2], texts[1::2]))
    for limit in (0, 3, 4, 5, 8, 17):
        if limit:
            tokenizer.enable_truncation(limit)
        wrong, n = compare(args.program, model, tokenizer, pairs, ["--max-length", str(limit)] if limit else [])
        print("pairs, max_length %-3d %7d: %d differ" % (limit, n, wrong))
        bad += wrong
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
