#!/usr/bin/env python3
"""Writes tests/data/tokenizer/fixtures.json: three small tokenizers of our own and what the reference makes of strings.

    python3 tools/tokenizer_fixtures.py > tests/data/tokenizer/fixtures.json     (needs: pip install tokenizers==0.23.3)

"models": tokenizer.json objects by name. "vocab": lines of a vocab.txt that must equal model "plain". "cases": model,
text, pair, max_length, no_special_tokens, and the expected ids, offsets (bytes), segments, words, untruncated (tokens
without max_length), decoded, decoded_all (with special tokens).
"""

import json
import os
import random
import string
import sys

from tokenizers import Tokenizer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tokenizer_parity import reference  # noqa: E402

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = (
    "the a an and or not of to in on is was were be river boat harbour wind rain light north south old new small slow "
    "quiet walk walks walked sharp sharpen stone blade grind wheel water oil careful never always under over unhappy happy "
    "do don t s m ve re n can ' cafe naive strasse uber istanbul resume"
).split()
SUFFIXES = "s ed ing er est ly ness ful less able en ment ion 's t ve".split()
OTHERS = list("αβγλσςωйкомира水石刀山中文北京日本語かなカナ한국각ᄀ") + [
    "ᅡ",
    "ᆨ",
    "ss",
    "ß",
    "i̇",
    "½",
    "€",
    "→",
    "😀",
    "😀😀",
    "\u302e",
    "…",
    "，",
    "。",
]


def make_vocab():
    tokens = (
        SPECIALS
        + ["[unused1]"]
        + list(string.ascii_lowercase + string.ascii_uppercase + string.digits + string.punctuation)
    )
    tokens += (
        WORDS
        + OTHERS
        + ["##" + t for t in list(string.ascii_lowercase + string.digits) + SUFFIXES + OTHERS + ["happy", "water"]]
    )
    return list(dict.fromkeys(tokens))


def added(content, i, **flags):
    return {
        "id": i,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
        **flags,
    }


def make_models(vocab):
    ids = {t: i for i, t in enumerate(vocab)}
    piece = lambda kind, name, segment: {kind: {"id": name, "type_id": segment}}  # noqa: E731
    single = [piece("SpecialToken", "[CLS]", 0), piece("Sequence", "A", 0), piece("SpecialToken", "[SEP]", 0)]
    plain = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(t, ids[t]) for t in SPECIALS],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single + [piece("Sequence", "B", 1), piece("SpecialToken", "[SEP]", 1)],
            "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    }
    odd = json.loads(json.dumps(plain))
    n = len(vocab)
    odd["added_tokens"] += [
        added("River Boat", n, normalized=True, special=False),
        added("stone", ids["stone"], single_word=True, special=False),
        added("<left>", n + 1, lstrip=True),
        added("<right>", n + 2, rstrip=True),
        added("<both>", n + 3, lstrip=True, rstrip=True, normalized=True),
        added("<both><right>", n + 4),
        added("Caf\u00e9", n + 5, normalized=True, special=False),
        added(" gap", n + 6, special=False),
    ]
    odd["normalizer"] = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": False,
        "strip_accents": False,
        "lowercase": True,
    }
    odd["post_processor"] = {"type": "BertProcessing", "sep": ["[SEP]", ids["[SEP]"]], "cls": ["[CLS]", ids["[CLS]"]]}
    odd["decoder"]["cleanup"] = False
    odd["model"]["max_input_chars_per_word"] = 12
    bare = json.loads(json.dumps(plain))
    for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        bare[part] = None
    return {"plain": plain, "odd": odd, "bare": bare}


FIXED = [
    "",
    " ",
    "\t\n\r",
    "the old boat",
    "The OLD Boat!",
    "unhappy",
    "unhappiness",
    "sharpening the blade...",
    "x" * 99,
    "x" * 100,
    "x" * 101,
    "x" * 500,
    "Caf\u00e9 na\u00efve",
    "Cafe\u0301 nai\u0308ve",
    "CAF\u00c9",
    "Stra\u00dfe STRASSE",
    "\u00dcber \u00fcber U\u0308ber",
    "\u0130stanbul istanbul",
    "I\u0307stanbul",
    "[MASK] walks",
    "a[MASK]b",
    "[mask]",
    "[CLS] the [SEP] a [SEP]",
    "[PAD][PAD]",
    "[UNK]",
    "[MASK",
    "MASK]",
    "[[MASK]]",
    "don't can't I'm we've they're",
    "1,000.50%",
    "a_b-c/d",
    "e-mail@x.org",
    "\u6c34\u77f3",
    "a\u6c34b",
    "\u4e2d\u6587 \u5317\u4eac\uff0c\u65e5\u672c\u8a9e\u3002",
    "\u304b\u306a\u30ab\u30ca",
    "\ud55c\uad6d",
    "\uac01",
    "\u1100\u1161\u11a8",
    "\uf967\uf9ff",
    "\U0002f800",
    "\U00020000 \U0002a6df \U0002a6e0",
    "\u00bd \u20ac \u2192 \u2026",
    "\U0001f600",
    "\U0001f600\U0001f600 a\U0001f600",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "1\ufe0f\u20e3",
    "\u200b",
    "a\u200bb",
    "a\u200db",
    "\ufeffthe",
    "\u00adthe",
    "the\u00a0old",
    "the\u3000old",
    "the\u2028old",
    "the\u0085old",
    "the\x00old".replace("\x00", "\x01"),
    "\x7fthe\x1f",
    "\ufffd",
    "the\ufffdold",
    "\ue000the",
    "\u0301",
    "a\u0301\u0323",
    "a\u0323\u0301",
    "\u0344",
    "\u0301\u0344\u0323a",
    "a\u302e\u0301",
    "a\u0301\u302e",
    "\u0301\u302e\u302fx",
    "\u1e69 s\u0323\u0307 s\u0307\u0323",
    "\u03b1\u03b2\u03b3",
    "\u0391\u0392\u0393",
    "\u03a3\u03c3\u03c2",
    "\u0439 \u0438\u0306 \u0419",
    "\u01c4 \u01c5",
    "\u1e9e",
    "\ufb01x",
    "\u13a0\uab70",
    "\ua7c2",
    "\u1c90\u10d0",
    "\u2c2f\u2c5f",
    "\U0001e900\U0001e922",
    "\U00011938",
    "\u08e2\u0600x",
    "\u061c",
    "\u180e",
    "a\u034fb",
    "River Boat",
    "river boat",
    "RIVER BOATs",
    "the River  Boat",
    "stone stones stone-blade",
    "\u6c34stone\u6c34",
    "a  <left>  b",
    "a  <right>  b",
    "a  <both>  b",
    "<both><right>  x",
    "<right>   <left>",
    "<right> \u00a0<both>\u3000",
    "<BOTH>",
    "caf\u00e9 Cafe\u0301 CAF\u00c9",
    "a gap a  gap",
    "gap",
    " gap",
    "<right> gap",
    "wheelwaters",
    "abcdefghijkl",
    "abcdefghijklm",
]


def random_texts(n):
    rng = random.Random(5)
    alphabet = (
        WORDS
        + [w.upper() for w in WORDS]
        + OTHERS
        + list(string.punctuation)
        + SPECIALS
        + [
            "\u0301",
            "\u0323",
            "\u302e",
            "\u200d",
            "\t",
            "  ",
            "\u00e9",
            "\u00fc",
            "\u1ebf",
            "\u01d6",
            "<left>",
            "<right>",
        ]
    )
    for _ in range(n):
        yield rng.choice(["", " ", " "]).join(rng.choice(alphabet) for _ in range(rng.randrange(1, 12)))


def expected(tokenizer, text, pair, max_length, no_special):
    tokenizer.no_truncation()
    whole = len(tokenizer.encode(text, pair, add_special_tokens=not no_special).ids)
    if max_length:
        tokenizer.enable_truncation(max_length)
    if no_special:

        class Without:  # reference() asks for encode(text, pair)
            def __getattr__(self, name):
                return getattr(tokenizer, name)

            def encode(self, *texts):
                return tokenizer.encode(*texts, add_special_tokens=False)

        r = reference(Without(), text, pair)
    else:
        r = reference(tokenizer, text, pair)
    del r["tokens"]
    return {**r, "untruncated": whole}


def main():
    vocab = make_vocab()
    models = make_models(vocab)
    readers = {name: Tokenizer.from_str(json.dumps(m)) for name, m in models.items()}
    texts = FIXED + list(random_texts(70))
    cases = []
    for i, text in enumerate(texts):
        cases.append(("plain", text, None, 0, False))
        if i < len(FIXED) and (
            i % 3 == 0 or any(t in text.lower() for t in ("river", "stone", "<", "gap", "caf", "\u6c34"))
        ):
            cases.append(("odd", text, None, 0, False))
        if i % 9 == 0:
            cases.append(("bare", text, None, 0, i % 2 == 0))
    for i in range(0, 60, 2):
        a, b = texts[-1 - i], texts[-2 - i]
        cases.append(("plain" if i % 4 else "odd", a, b, [0, 3, 4, 5, 6, 7, 9, 12, 13][i // 2 % 9], False))
        cases.append((["plain", "odd", "bare"][i % 3], a, b, [0, 1, 2, 3, 8][i // 2 % 5], True))
        cases.append(("plain", a, None, 2 + i // 2 % 7, False))
    rows = []
    for model, text, pair, max_length, no_special in cases:
        row = {"model": model, "text": text, "pair": pair, "max_length": max_length, "no_special_tokens": no_special}
        row = {k: v for k, v in row.items() if v or k in ("model", "text")}
        rows.append({**row, **expected(readers[model], text, pair, max_length, no_special)})
    print('{"about": "written by tools/tokenizer_fixtures.py",\n"vocab": %s,\n"models": {' % json.dumps(vocab))
    print(",\n".join("%s: %s" % (json.dumps(k), json.dumps(v)) for k, v in models.items()) + '},\n"cases": [')
    print(",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]}")


main()
