#!/usr/bin/env python3
"""Writes tests/data/tokenizer/models/: small tokenizers of every kind and what the reference libraries make of strings.

    tools/tokenizer_models_fixtures.py tests/data/tokenizer/models

Needs: pip install tokenizers==0.23.3 sentencepiece==0.2.3 gguf==0.19.0. cases.json: "model" (a file or folder here),
"text", and the expected "ids", "decoded" and, where the reference has them in this form, "offsets" in bytes. The GGUF
files hold vocabularies of the other models, so their ids are those; building and testing need no Python.
"""

import io
import json
import os
import sys

import gguf
import sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = (
    "the old boat in the quiet harbour walks over the water stone and stone sharpens the blade never unhappy always "
    "careful a new wheel grinds the small stone 12 34 567 under rain, wind; light! don't we're they've caf\u00e9 na\u00efve "
    "\u6c34\u77f3\u5c71 \u5317\u4eac \u65e5\u672c\u8a9e \u03b1\u03b2\u03b3 hello world --- === ... aaa aaaa aaaaa the the the and and boat boat water water"
).split(" ")
TEXTS = [
    "",
    " ",
    "  ",
    "a",
    "the old boat",
    "  the   old  boat  ",
    "The OLD Boat!",
    "unhappiness",
    "don't we're they've 'tis",
    "1234567890",
    "caf\u00e9 cafe\u0301 na\u00efve",
    "\u6c34\u77f3 \u5317\u4eac\uff0c\u65e5\u672c\u8a9e\u3002",
    "\U0001f600\U0001f469\u200d\U0001f467 a\U0001f600b",
    "\t\n the\n\nold\r\n",
    "aaaaaaaaaaaaaaa",
    "-----=====.......",
    "\u2581the \u2581\u2581 old\u2581",
    "<unk> <s> </s> <0x41> <mask>boat<mask>",
    "\u00a0\u3000the\u200bold",
    "\ufb01ne \u00bd \u2460",
    "\u03b1\u0391 \u0130 \u00df",
    "stone" * 16,
    "a" * 300,
    "\u6c34" * 70 + "the",
    "x\u0301\u0323" * 9,
]


def trained(model, trainer, **parts):
    t = Tokenizer(model)
    for name, part in parts.items():
        setattr(t, name, part)
    t.train_from_iterator([" ".join(CORPUS)] * 3, trainer)
    return t


def hugging_face():
    quiet = {"show_progress": False}
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    spaces = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    chain = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    byte_tokens = ["<0x%02X>" % i for i in range(256)]
    yield "byte_bpe", trained(
        models.BPE(),
        trainers.BpeTrainer(vocab_size=340, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, **quiet),
        pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False),
        decoder=decoders.ByteLevel(),
        post_processor=processors.ByteLevel(trim_offsets=False),
    )
    t = trained(
        models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True),
        trainers.BpeTrainer(vocab_size=380, special_tokens=["<unk>", "<s>", "</s>"] + byte_tokens, **quiet),
        normalizer=spaces,
        pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="never"),
        decoder=chain,
    )
    whole = json.loads(t.to_str())
    whole["pre_tokenizer"] = None
    whole["added_tokens"] = whole["added_tokens"][:3]
    yield "fallback_bpe", Tokenizer.from_str(json.dumps(whole))
    yield "suffix_bpe", trained(
        models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"),
        trainers.BpeTrainer(vocab_size=150, special_tokens=["<unk>"], end_of_word_suffix="</w>", **quiet),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.BPEDecoder(),
    )
    yield "unigram", trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=90, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", **quiet),
        pre_tokenizer=pre_tokenizers.Metaspace(),
        decoder=decoders.Metaspace(),
    )
    yield "wordlevel", trained(
        models.WordLevel(unk_token="<unk>"),
        trainers.WordLevelTrainer(vocab_size=60, special_tokens=["<unk>"], **quiet),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
    )


RULES = "FB01\t66 69\nBD\t31 2044 32\nA0\t20\n3000\t20\n9\t20\nA\t20\nD\t20\n200B\t\n41\t61\n65 301\tE9\n"


def sentence_pieces(folder):
    rules = os.path.join(folder, "rules.tsv")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    kinds = {
        "spm_bpe": dict(model_type="bpe", vocab_size=380, byte_fallback=True, normalization_rule_tsv=rules),
        "spm_unigram": dict(model_type="unigram", vocab_size=110, normalization_rule_tsv=rules),
        "spm_user": dict(
            model_type="bpe",
            vocab_size=140,
            user_defined_symbols=["<mask>", "the\u2581old", "=="],
            control_symbols=["<ctl>"],
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
        ),
        "spm_suffix": dict(
            model_type="unigram",
            vocab_size=120,
            treat_whitespace_as_suffix=True,
            user_defined_symbols=["<mask>"],
            normalization_rule_name="identity",
        ),
    }
    for name, options in kinds.items():
        out = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([" ".join(CORPUS)] * 3),
            model_writer=out,
            hard_vocab_limit=False,
            minloglevel=2,
            character_coverage=1.0,
            num_threads=1,
            **options,
        )
        with open(os.path.join(folder, name + ".model"), "wb") as f:
            f.write(out.getvalue())
        yield name + ".model", sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    os.unlink(rules)


def write_gguf(path, kind, tokens, types, scores=None, merges=None, pre=None, **flags):
    w = gguf.GGUFWriter(path, "llama")
    w.add_tokenizer_model(kind)
    if pre:
        w.add_tokenizer_pre(pre)
    w.add_token_list(tokens)
    w.add_token_types(types)
    if scores:
        w.add_token_scores(scores)
    if merges:
        w.add_token_merges(merges)
    for key, value in flags.items():
        (w.add_bool if isinstance(value, bool) else w.add_uint32)("tokenizer.ggml." + key, value)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def by_reference(t, text):
    e = t.encode(text)
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode("utf-8")))
    return {"ids": e.ids, "offsets": [[at[a], at[b]] for a, b in e.offsets], "decoded": t.decode(e.ids)}


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    cases = []
    for name, t in hugging_face():
        t.save(os.path.join(folder, name + ".json"), pretty=False)
        cases += [{"model": name + ".json", "text": x, **by_reference(t, x)} for x in TEXTS]
        if name != "byte_bpe":
            continue
        model = json.loads(t.to_str())["model"]
        pair = os.path.join(folder, "gpt2")
        os.makedirs(pair, exist_ok=True)
        with open(os.path.join(pair, "vocab.json"), "w", encoding="utf-8") as f:
            json.dump(model["vocab"], f, ensure_ascii=False)
        merges = [" ".join(m) for m in model["merges"]]
        with open(os.path.join(pair, "merges.txt"), "w", encoding="utf-8") as f:
            f.write("#version: 0.2\n" + "\n".join(merges) + "\n")
        tokens = sorted(model["vocab"], key=model["vocab"].get)
        write_gguf(os.path.join(folder, "gpt2.gguf"), "gpt2", tokens, [3] + [1] * (len(tokens) - 1), None, merges, "gpt-2")
        cases += [{**c, "model": m} for c in list(cases) for m in ("gpt2", "gpt2.gguf")]
    for name, sp in sentence_pieces(folder):
        rows = [{"model": name, "text": x, "ids": sp.encode(x), "decoded": sp.decode(sp.encode(x))} for x in TEXTS]
        cases += rows
        if name == "spm_bpe.model":
            n = range(sp.get_piece_size())
            kind = lambda i: 2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 1  # noqa: E731
            path = os.path.join(folder, "llama.gguf")
            pieces, scores = [sp.id_to_piece(i) for i in n], [sp.get_score(i) for i in n]
            write_gguf(path, "llama", pieces, [kind(i) for i in n], scores, add_bos_token=False)
            plain = lambda x: x and x == " ".join(x.split()) and x.isascii() and not set("A") & set(x)  # noqa: E731
            cases += [{**r, "model": "llama.gguf"} for r in rows if plain(r["text"])]
    with open(os.path.join(folder, "cases.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
    print(len(cases), "cases")


main()
