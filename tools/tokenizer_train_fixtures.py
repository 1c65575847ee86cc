#!/usr/bin/env python3
"""Writes tests/data/tokenizer/train/fixtures.json: texts of our own and the vocabularies that the reference learns.

    python3 tools/tokenizer_train_fixtures.py > tests/data/tokenizer/train/fixtures.json    (pip install tokenizers==0.23.3)

"texts": strings. "cases": name, options (keys of TokenizerTrainOptions), vocab (tokens in the order of their ids; in
alphabetical order for wordpiece, whose ids the reference gives in random order), merges (bpe). For unigram, loglikelihood
and n_tokens of all texts under the reference's own model. The reference breaks ties of wordpiece at random: every case is
trained RUNS times, and all must come out the same.
"""

import json
import random
import sys

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

RUNS = 12
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
FIXED = [
    "The small boat went down the river, and the wind was low.",
    "Don't say it's 12,5 or 3.14; they've said so in '98!",
    "  two  spaces   and\ttabs\r\n\nand lines  ",
    "Caf\u00e9 na\u00efve \u00dcber stra\u00dfe CAF\u00c9",
    "\u6c34\u77f3 \u4e2d\u6587\u5317\u4eac \u65e5\u672c\u8a9e\u3002 \ud55c\uad6d\uc5b4",
    "\U0001f600\U0001f600 ok \U0001f469\u200d\U0001f469",
    "aaaa aaaaa aaaaaaa abababab bababa aa a",
    "== heading == <tag> a_b-c/d x@y.org",
    "",
]


def make_texts():
    rng = random.Random(11)
    starts, ends = "b br c d f g h l m n p r s st t w".split(), "a e i o u an er en or ing ly".split()
    words = ["".join(rng.choice(starts) + rng.choice(ends) for _ in range(rng.choice([1, 1, 2, 2, 3]))) for _ in range(400)]
    texts = list(FIXED)
    for _ in range(260):
        line = [words[int(len(words) * rng.random() ** 3)] for _ in range(rng.randrange(4, 14))]
        if rng.random() < 0.5:
            line[0] = line[0].capitalize()
        texts.append(" ".join(line) + rng.choice(["", ".", ", ", "!", " 7"]))
    return texts


def bert(model, **options):
    t = Tokenizer(model)
    t.normalizer = normalizers.BertNormalizer(**options)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return t


def wordpiece(texts, o):
    t = bert(models.WordPiece(unk_token="[UNK]"), lowercase=o.get("lowercase", False))
    t.train_from_iterator(texts, trainers.WordPieceTrainer(
        vocab_size=o["vocab_size"], min_frequency=o.get("min_frequency", 0), special_tokens=BERT, show_progress=False))
    return {"vocab": sorted(t.get_vocab())}


def bpe(texts, o):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=o.get("add_prefix_space", -1) > 0)
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=o["vocab_size"], min_frequency=o.get("min_frequency", 0), special_tokens=["<|endoftext|>"],
        max_token_length=o.get("max_token_length"), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(t.to_str())["model"]
    return {"vocab": sorted(model["vocab"], key=model["vocab"].get), "merges": model["merges"]}


def characters(texts, o):
    """Over characters, with ids of 256 bytes set aside, as byte_fallback does it."""
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % i for i in range(256)]
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=o["vocab_size"], min_frequency=o.get("min_frequency", 0), special_tokens=special, show_progress=False,
        **({"limit_alphabet": o["limit_alphabet"]} if "limit_alphabet" in o else {})))
    model = json.loads(t.to_str())["model"]
    return {"vocab": sorted(model["vocab"], key=model["vocab"].get), "merges": model["merges"]}


def unigram(texts, o):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(__import__("tokenizers").Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t.train_from_iterator(texts, trainers.UnigramTrainer(
        vocab_size=o["vocab_size"], special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], unk_token="<unk>", show_progress=False))
    vocab = json.loads(t.to_str())["model"]["vocab"]
    ids = [i for e in t.encode_batch(texts) for i in e.ids]
    return {"n_tokens": len(ids), "loglikelihood": round(sum(vocab[i][1] for i in ids), 1), "n_vocab": len(vocab)}


CASES = [
    ("wordpiece", wordpiece, {"type": "wordpiece", "vocab_size": 339, "lowercase": True}),
    ("wordpiece cased", wordpiece, {"type": "wordpiece", "vocab_size": 400, "min_frequency": 5}),
    ("bpe", bpe, {"type": "bpe", "vocab_size": 700}),
    ("bpe with a space in front", bpe, {"type": "bpe", "vocab_size": 600, "add_prefix_space": 1, "min_frequency": 3}),
    ("bpe of short tokens", bpe, {"type": "bpe", "vocab_size": 800, "max_token_length": 4}),
    ("bpe until nothing is left", bpe, {"type": "bpe", "vocab_size": 30000, "min_frequency": 2}),
    ("bpe over characters", characters, {"type": "bpe", "vocab_size": 600, "byte_fallback": True}),
    ("bpe over few characters", characters, {"type": "bpe", "vocab_size": 500, "byte_fallback": True, "limit_alphabet": 25}),
    ("unigram", unigram, {"type": "unigram", "vocab_size": 300}),
]


def main():
    texts, rows = make_texts(), []
    for name, train, options in CASES:
        made = [train(texts, options) for _ in range(RUNS)]
        if any(m != made[0] for m in made[1:]):
            sys.exit("%s: ties, which the reference breaks at random; choose another vocab_size" % name)
        rows.append({"name": name, "options": options, **made[0]})
    print('{"about": "written by tools/tokenizer_train_fixtures.py",\n"texts": [')
    print(",\n".join(json.dumps(t) for t in texts) + '],\n"cases": [')
    print(",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]}")


main()
