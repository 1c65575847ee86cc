#!/usr/bin/env python3
"""Compares every component of a tokenizer.json with the reference library: ids, words, offsets in bytes, decoded text.

    tools/tokenizer_components.py --program "build/encode_main --decode" [--only NAME] [--texts N] [--long N] [--data FOLDER]
    tools/tokenizer_components.py --windows --program build/encode_main            truncation and windows with stride

Each tokenizer here has one component, or a few that meet in published files, around a model that shows everything: BPE
without merges whose tokens are single bytes, so that ids are the bytes of the normalised text, words are those of the
pre-tokenizer, and offsets are the alignment. The character map of Precompiled is that of the sentencepiece library, and
one made to be hard. Strings are those of tokenizer_parity.py. encode_main is tests/data/tokenizer/encode_main.c.
A text on which the reference itself panics is left out and counted. Exit code 0: no difference.
Needs: pip install tokenizers==0.23.3 sentencepiece==0.2.3.
"""

import argparse
import base64
import itertools
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tokenizer_parity  # noqa: E402
from tokenizer_parity import hard_strings, texts_in_folder  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
DEEPSEEK = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]


def alphabet():
    """ByteLevel's 256 characters, in order of the bytes."""
    own = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    rest = iter(range(0x100, 0x200))
    return [chr(b if b in own else next(rest)) for b in range(256)]


def byte_model():
    vocab = {"<unk>": 0, **{"<0x%02X>" % b: b + 1 for b in range(256)}}
    return {"type": "BPE", "unk_token": "<unk>", "byte_fallback": True, "vocab": vocab, "merges": []}


def byte_level_model():
    a = alphabet()
    merges = [(a[32], "t"), ("h", "e"), (a[32] + "t", "he"), (a[32], a[32]), ("Ã", "©"), ("a", "n"), ("an", "d")]
    vocab = {c: i for i, c in enumerate(a)}
    for x, y in merges:
        vocab.setdefault(x + y, len(vocab))
    return {"type": "BPE", "vocab": vocab, "merges": [" ".join(m) for m in merges]}


def added(content, **flags):
    base = {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {**base, **flags}


def tokenizer(normalizer=None, pre=None, post=None, decoder=None, tokens=(), model=None):
    model = model or byte_model()
    n, out = len(model["vocab"]), []
    for t in tokens:
        out.append({"id": model["vocab"].get(t["content"], n), **t})
        n += t["content"] not in model["vocab"]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": out, "normalizer": normalizer,
        "pre_tokenizer": pre, "post_processor": post, "decoder": decoder, "model": model,
    }


def sequence(kind, *parts):
    return {"type": "Sequence", kind: list(parts)}


def normalizers(*parts):
    return sequence("normalizers", *parts)


def pre(*parts):
    return sequence("pretokenizers", *parts)


def kind(name, **members):
    return {"type": name, **members}


def replace(pattern, content, regex=False):
    return kind("Replace", pattern={"Regex" if regex else "String": pattern}, content=content)


def split(pattern, behavior="Isolated", invert=False, regex=True):
    return kind("Split", pattern={"Regex" if regex else "String": pattern}, behavior=behavior, invert=invert)


def byte_level(prefix=False, trim=True, use_regex=True):
    return kind("ByteLevel", add_prefix_space=prefix, trim_offsets=trim, use_regex=use_regex)


def metaspace(scheme="always", cut=True, mark="\u2581"):
    return kind("Metaspace", replacement=mark, prepend_scheme=scheme, split=cut)


def charsmap(rule=None, rows=None):
    """What SentencePiece compiles its rules, or ours, to."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as pb

    with tempfile.TemporaryDirectory() as folder:
        settings = {"normalization_rule_name": rule} if rule else {}
        if rows is not None:
            path = os.path.join(folder, "rules.tsv")
            with open(path, "w") as f:
                for a, b in rows:
                    f.write("%s\t%s\n" % (" ".join("%X" % ord(c) for c in a), " ".join("%X" % ord(c) for c in b)))
            settings["normalization_rule_tsv"] = path
        sentences = ["the quick brown fox jumps over the lazy dog %d" % i for i in range(200)]
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences), model_prefix=os.path.join(folder, "m"), vocab_size=60,
            minloglevel=2, hard_vocab_limit=False, **settings)
        proto = pb.ModelProto()
        with open(os.path.join(folder, "m.model"), "rb") as f:
            proto.ParseFromString(f.read())
        return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


def hard_map():
    """Empty replacements, longer and shorter ones, keys that are prefixes of others, clusters."""
    rows = [("a", ""), ("b", "xyz"), ("cd", "q"), ("c", "cc"), ("e\u0301", "E"), ("\u00e9", ""), ("\u0301", ""),
            ("\u4e2d", "zhong"), ("\u200d", ""), ("\r", "\n"), ("f", "\u1e9e"), ("\u00a9\u200d", "C"),
            ("\u00a9", "(c)"), ("\u0600", "num"), ("\u3042", ""), ("\U0001f600", ":)"), ("1", "one"), ("\u0e33", "am")]
    return charsmap(rows=rows)


def cases():
    lower, strip = kind("Lowercase"), lambda left=True, right=True: kind("Strip", strip_left=left, strip_right=right)
    accents, nmt, bytes_ = kind("StripAccents"), kind("Nmt"), kind("ByteLevel")
    bert = kind("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    some = [added("<s>", special=True), added("</s>", special=True), added("the", normalized=True),
            added("Wor", normalized=True, rstrip=True), added("[MASK]", special=True, lstrip=True),
            added("fox", normalized=True, single_word=True)]
    norm = {
        "none": None, "lower": lower, "strip": strip(), "strip-left": strip(True, False), "strip-right": strip(False, True),
        "accents": accents, "nmt": nmt, "bytes": bytes_,
        "nfc": kind("NFC"), "nfd": kind("NFD"), "nfkc": kind("NFKC"), "nfkd": kind("NFKD"),
        "nfd-accents-lower": normalizers(kind("NFD"), accents, lower),
        "nfkc-lower-nfd": normalizers(kind("NFKC"), lower, kind("NFD")),
        "nfd-nfc": normalizers(kind("NFD"), kind("NFC")), "nfkd-nfkc-strip": normalizers(kind("NFKD"), kind("NFKC"), strip()),
        "bert-nfc": normalizers(bert, kind("NFC")), "nfd-bert": normalizers(kind("NFD"), bert),
        "nmt-nfkc-blanks": normalizers(nmt, kind("NFKC"), replace(r" {2,}", " ", True)),
        "prepend": kind("Prepend", prepend="\u2581"), "prepend-long": normalizers(strip(), kind("Prepend", prepend="a\u00e9b")),
        "llama": normalizers(kind("Prepend", prepend="\u2581"), replace(" ", "\u2581")),
        "replace": replace("a", "\u00e9"), "replace-nothing": replace("e", ""), "replace-long": replace("th", "<\u4e2d\u4e2d>"),
        "replace-regex": replace(r"\s+", " ", True), "replace-words": replace(r"(\w)\w*", "w", True),
        "replace-marks": normalizers(replace(r"[\p{M}\p{P}]+", "", True), kind("NFC"), lower),
        "replace-lookahead": replace(r"\p{L}(?=\p{N})", "\u00df", True), "replace-twice": normalizers(
            replace("\u00e9", "e\u0301"), replace("e", "ee"), kind("NFC")),
        "bytes-last": normalizers(kind("NFC"), lower, bytes_),
        "nested": normalizers(normalizers(strip(), lower), normalizers(normalizers(kind("NFKC")), accents)),
        "empty": normalizers(),
    }
    for name, n in norm.items():
        yield "normalizer " + name, tokenizer(n)
        if name in ("nfc", "llama", "strip", "replace-regex", "nfkd", "prepend", "bytes"):
            yield "normalizer " + name + " added", tokenizer(n, tokens=some)
    for name, text in (("nmt_nfkc", charsmap("nmt_nfkc")), ("nmt_nfkc_cf", charsmap("nmt_nfkc_cf")), ("nfkc", charsmap("nfkc")),
                       ("hard", hard_map())):
        one = kind("Precompiled", precompiled_charsmap=text)
        yield "precompiled " + name, tokenizer(one)
        yield "precompiled, blanks, metaspace " + name, tokenizer(
            normalizers(one, replace(r" {2,}", "\u2581", True)), metaspace(), tokens=some)
    p = {
        "bert": kind("BertPreTokenizer"), "whitespace": kind("Whitespace"), "whitespace-split": kind("WhitespaceSplit"),
        "digits": kind("Digits", individual_digits=False), "each-digit": kind("Digits", individual_digits=True),
        "delimiter": kind("CharDelimiterSplit", delimiter="a"), "delimiter-wide": kind("CharDelimiterSplit", delimiter="\u4e2d"),
        "scripts": kind("UnicodeScripts"), "fixed": kind("FixedLength", length=5), "fixed-1": kind("FixedLength", length=1),
        "metaspace": metaspace(), "metaspace-first": metaspace("first"), "metaspace-never": metaspace("never"),
        "metaspace-whole": metaspace(cut=False), "metaspace-first-whole": metaspace("first", False), "metaspace-odd": metaspace(mark="_"),
        "metaspace-legacy": {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True, "str_rep": "\u2581"},
        "scripts-metaspace": pre(kind("UnicodeScripts"), metaspace()),
        "split-metaspace": pre(kind("WhitespaceSplit"), metaspace()),
        "whitespace-metaspace-digits": pre(kind("Whitespace"), metaspace("first"), kind("Digits", individual_digits=True)),
        "metaspace-punctuation": pre(metaspace("always"), kind("Punctuation", behavior="MergedWithNext")),
        "bytes-then-split": pre(byte_level(True), split("\u0120", "MergedWithNext", regex=False)),
        "bytes-twice": pre(byte_level(True), byte_level(False)),
    }
    for b in BEHAVIORS:
        p["punctuation-" + b] = kind("Punctuation", behavior=b)
        for invert in (False, True):
            p["split-%s-%s" % (b, invert)] = split("e", b, invert, regex=False)
            p["split-regex-%s-%s" % (b, invert)] = split(r"\p{L}+|\s", b, invert)
            p["split-llama3-%s-%s" % (b, invert)] = split(LLAMA3, b, invert)
        p["split-empty-" + b] = split(r"x*", b)
        p["split-nothing-" + b] = split("", b, regex=False)
    for name, regex in (("gpt2", GPT2), ("llama3", LLAMA3), ("qwen2", LLAMA3.replace("{1,3}", "")), ("o200k", O200K),
                        ("deepseek", DEEPSEEK), ("han", r"[\p{Han}\p{Hiragana}]+|\d+|\w+|\W"), ("classes", r"[^\s\w]+|\h+|\v|\S"),
                        ("bounds", r"\b\w|\w\b|^\s+|\s+$"), ("case", r"(?i)straße|THE|k+"), ("lines", r"^.*$"),
                        ("behind", r"(?<=\p{Lu})\p{Ll}|(?<!\d)\d{2}(?!\d)"),
                        ("unicode", r"\u4e2d|[\u3040-\u30ff]+|\x{1F600}"), ("atomic", r"(?>a+|\p{M}+)b?|\s++\S")):
        p["regex-" + name] = split(regex)
    for name, one in p.items():
        yield "pre-tokenizer " + name, tokenizer(pre=one, model=byte_level_model() if "bytes" in name else None)
        if name.startswith(("metaspace", "scripts", "bytes")):
            yield "pre-tokenizer " + name + " added", tokenizer(
                kind("NFC"), one, tokens=some, model=byte_level_model() if "bytes" in name else None)
    template = kind("TemplateProcessing", single=[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                    pair=[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                          {"Sequence": {"id": "B", "type_id": 1}}],
                    special_tokens={"<s>": {"id": "<s>", "ids": [1], "tokens": ["\u0101"]}})
    for prefix, trim, post_prefix in itertools.product((False, True), repeat=3):
        roberta = kind("RobertaProcessing", sep=["\u0101", 1], cls=["\u0102", 2], trim_offsets=trim, add_prefix_space=post_prefix)
        late = byte_level(post_prefix, trim)
        bert_post = kind("BertProcessing", sep=["\u0101", 1], cls=["\u0102", 2])
        for name, post in (("roberta", roberta), ("bytes", late), ("bytes-template", sequence("processors", late, template)),
                           ("template-bytes", sequence("processors", template, late)),
                           ("bert-bytes", sequence("processors", bert_post, late)),
                           ("bytes-roberta", sequence("processors", late, roberta))):
            yield "post-processor %s %d%d%d" % (name, prefix, trim, post_prefix), tokenizer(
                pre=byte_level(prefix), post=post, decoder=byte_level(), tokens=some, model=byte_level_model())
    yield "llama 3", tokenizer(pre=pre(split(LLAMA3), byte_level(False, True, False)), post=sequence("processors", byte_level(), template),
                               decoder=byte_level(), tokens=some, model=byte_level_model())
    yield "digits and bytes", tokenizer(kind("NFC"), pre(kind("Digits", individual_digits=True), byte_level()), None, byte_level(),
                                        some, byte_level_model())
    yield "bytes as normalizer", tokenizer(normalizers(kind("NFC"), bytes_), split("\u0120", "MergedWithNext", regex=False), None,
                                           byte_level(), some, byte_level_model())
    d = {
        "fallback": kind("ByteFallback"), "fuse": kind("Fuse"), "bytes": byte_level(), "metaspace": metaspace(),
        "metaspace-never": metaspace("never"), "wordpiece": kind("WordPiece", prefix="<0x4", cleanup=True),
        "bpe": kind("BPEDecoder", suffix="0>"), "bpe-empty": kind("BPEDecoder", suffix=""),
        "ctc": kind("CTC", pad_token="<0x61>", word_delimiter_token="<0x20>", cleanup=True),
        "ctc-plain": kind("CTC", pad_token="<0x61>", word_delimiter_token="<0x20>", cleanup=False),
        "replace": replace("0x6", "-"), "replace-regex": replace(r"x\d", "\u00e9", True), "strip": kind("Strip", content="<", start=1, stop=0),
        "llama": sequence("decoders", replace("\u2581", " "), kind("ByteFallback"), kind("Fuse"), kind("Strip", content=" ", start=1, stop=0)),
        "empty": sequence("decoders"),
        "nested": sequence("decoders", sequence("decoders", kind("ByteFallback"), metaspace()), kind("WordPiece", prefix="a", cleanup=True)),
    }
    for name, one in d.items():
        yield "decoder " + name, tokenizer(normalizers(kind("Prepend", prepend="\u2581"), replace(" ", "\u2581")), decoder=one, tokens=some)


def reference(t, row):
    try:
        return tokenizer_parity.reference(t, *row)
    except BaseException as e:  # noqa: B902, pyo3's PanicException is no Exception
        if isinstance(e, KeyboardInterrupt):
            raise
        return None


def compare(program, path, t, rows, name):
    """rows: (text, pair or None). How many differ, and on how many the reference panics."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", newline="\n") as f:
        for text, pair in rows:
            f.write(json.dumps({"text": text} if pair is None else {"text": text, "pair": pair}, ensure_ascii=False) + "\n")
        f.flush()
        p = subprocess.run(shlex.split(program) + [path, "--input", f.name], stdout=subprocess.PIPE, encoding="utf-8")
    lines = p.stdout.split("\n")[:-1]
    wrong = panics = 0
    if p.returncode or len(lines) != len(rows):
        print("%s: exit code %d after %d of %d texts" % (name, p.returncode, len(lines), len(rows)))
        return len(rows), 0
    for row, line in zip(rows, lines, strict=True):
        ours, theirs = json.loads(line), reference(t, row)
        if theirs is None:
            panics += 1
            continue
        keys = [k for k in theirs if ours[k] != theirs[k]]
        wrong += bool(keys)
        for k in keys if wrong <= 3 else ():
            at = next((i for i, (a, b) in enumerate(zip(ours[k], theirs[k])) if a != b), min(len(ours[k]), len(theirs[k])))
            print("%s: %s\n  %s from entry %d: ours %s, theirs %s" % (
                name, ascii(row)[:300], k, at, ascii(ours[k][at : at + 8]), ascii(theirs[k][at : at + 8])))
    return wrong, panics


def long_strings(longest):
    for n in (50, longest):
        yield "a" * n
        yield "\u00e9" * n
        yield "e\u0301" * n
        yield "a" + "\u0301\u0323" * (n // 4)
        yield " " * n
        yield " \n" * n
        yield "ab " * n
        yield "\u4e2d" * n
    yield from ["", " ", "  ", "\n", " a", "a ", "\u0301", "\u0301a", "\ufffd", "\u200b\u200d", "\u2581", "\u2581 \u2581a", "it's 'S don'T I'\u017f",
                "  the  fox  ", "\r\n\r\n  x", "x \r\n \t y", "12345 6 7\u00b2 \u0663\u0664", "\ufdfa\ufdfa", "\u1112\u1161\u11ab \ud55c", "\u0958 \u2126 \u212b"]


def check(args):
    bad = total = 0
    hard, longest = list(hard_strings(args.hard, args.seed)), list(long_strings(args.long))
    data = texts_in_folder(args.data, args.lines) if args.data else []
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tokenizer.json")
        for i, (name, one) in enumerate(cases()):
            if args.only and args.only not in name or args.share and i % args.share[1] != args.share[0]:
                continue
            with open(path, "w", encoding="utf-8") as f:
                json.dump(one, f, ensure_ascii=False)
            rows = [(t, None) for t in longest + rng.sample(hard, min(args.texts, len(hard)))]
            rows += [(t, None) for t in rng.sample(data, min(args.texts, len(data)))]
            if not name.startswith("post-processor template-bytes"):  # which confuses the reference's sequence_ids
                rows += [(rng.choice(hard), rng.choice(hard)) for _ in range(args.pairs)]
            wrong, panics = compare(args.program, path, Tokenizer.from_file(path), rows, name)
            print("%-44s %6d texts: %d differ%s" % (name, len(rows), wrong, ", %d panic there" % panics if panics else ""), flush=True)
            bad += wrong
            total += len(rows)
    print("%d of %d differ" % (bad, total))
    return bad


# ---- windows ---------------------------------------------------------------------------------------------------------


def reference_windows(t, text, pair):
    """The texts are ASCII: an overflowing encoding does not know which text a token is from."""
    try:
        e = t.encode(text, pair) if pair is not None else t.encode(text)
    except BaseException as error:  # noqa: B902
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"error": True}
    return {"windows": [[w.ids, [x for o in w.offsets for x in o]] for w in [e, *e.overflowing]]}


def check_windows(args):
    rng = random.Random(args.seed)
    bad = n = 0
    kinds = [c for c in cases() if c[0].startswith(("post-processor", "llama 3"))] + [
        ("plain", tokenizer()),
        ("bert", tokenizer(tokens=[added("<s>", special=True)], post=kind("BertProcessing", sep=["<s>", 257], cls=["<unk>", 0]))),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path, lines = os.path.join(folder, "tokenizer.json"), os.path.join(folder, "texts.jsonl")
        for name, one in kinds:
            with open(path, "w", encoding="utf-8") as f:
                json.dump(one, f, ensure_ascii=False)
            t = Tokenizer.from_file(path)
            for _ in range(args.rounds):
                limit, stride = rng.randrange(5, 14), rng.randrange(0, 5)
                which, left = rng.choice(["longest_first", "only_first", "only_second"]), rng.random() < 0.5
                t.enable_truncation(limit, stride=stride, strategy=which, direction="left" if left else "right")
                texts = [(w(rng), rng.choice([None, w(rng)])) for w in [random_words] * 40]
                with open(lines, "w", encoding="utf-8") as f:
                    for a, b in texts:
                        f.write(json.dumps({"text": a, "pair": b} if b is not None else {"text": a}, ensure_ascii=False) + "\n")
                flags = ["--max-length", str(limit), "--windows", str(stride), "--truncation", which] + ["--left"] * left
                out = subprocess.run(shlex.split(args.program) + [path, "--input", lines, *flags], stdout=subprocess.PIPE,
                                     encoding="utf-8", check=True).stdout.splitlines()
                for (a, b), line in zip(texts, out, strict=True):
                    ours, theirs = json.loads(line), reference_windows(t, a, b)
                    n += 1
                    if ours != theirs:
                        bad += 1
                        if bad <= 5:
                            print("DIFFERENT", name, limit, stride, which, left, ascii((a, b)), "\n ours  ", ours, "\n theirs", theirs)
    print("windows: %d of %d texts and pairs differ" % (bad, n))
    return bad


def random_words(rng):
    return rng.choice(["", " "]) + " ".join(rng.choice(["a", "the", "b", "x  y", "q", "and"]) for _ in range(rng.randrange(0, 9)))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--program", required=True)
    a.add_argument("--only")
    a.add_argument("--share", type=lambda s: tuple(map(int, s.split("/"))), help="0/2, 1/2: every second tokenizer")
    a.add_argument("--data")
    a.add_argument("--lines", type=int, default=2000)
    a.add_argument("--hard", type=int, default=0x110000 // 64 + 4000)
    a.add_argument("--long", type=int, default=3000, help="characters of the longest words")
    a.add_argument("--texts", type=int, default=1000, help="generated strings, and strings of --data, for each tokenizer")
    a.add_argument("--pairs", type=int, default=50)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--windows", action="store_true")
    a.add_argument("--rounds", type=int, default=30)
    args = a.parse_args()
    sys.exit(1 if (check_windows(args) if args.windows else check(args)) else 0)


if __name__ == "__main__":
    main()
