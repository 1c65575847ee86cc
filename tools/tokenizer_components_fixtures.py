#!/usr/bin/env python3
"""Writes tests/data/tokenizer/components.json: the tokenizers of tokenizer_components.py and what the reference makes of
two strings each, so that the C test needs no Python. Large character maps are left out.

    python3 tools/tokenizer_components_fixtures.py > tests/data/tokenizer/components.json
    python3 tools/tokenizer_components_fixtures.py seeds tests/fuzz/corpus/tokenizer_json_fuzz      the same as seeds
"""

import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tokenizer_components import byte_level_model, byte_model, cases, reference  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

TEXTS = [
    " The  quick BROWN fox's 12 345\u00b2 caf\u00e9 e\u0301\u0323 \u4e2d\u6587\u304b\u30ab\ud55c <s>the Wor  d</s>",
    "don't 'S I'\u017f\r\n\r\n  x\t\u3000y \ufb01 \ufdfa \u0958\u212b \u1112\u1161\u11ab [MASK] \U0001f600\u200d\U00031350",
]
MAX_MODEL = 12000  # bytes without the vocabulary


def small_cases():
    models = {"bytes": byte_model(), "byte_level": byte_level_model()}
    for i, (name, one) in enumerate(cases()):
        if name.startswith("post-processor") and i % 5 or name.startswith("pre-tokenizer split-regex") and i % 2:
            continue  # they differ little
        which = "byte_level" if one["model"] == models["byte_level"] else "bytes"
        if len(json.dumps({**one, "model": None})) <= MAX_MODEL:
            yield name, which, one


def main():
    rows = []
    for name, which, one in small_cases():
        t = Tokenizer.from_str(json.dumps(one))
        answers = []
        for text in TEXTS:
            r = reference(t, (text, None))
            if r is not None:
                answers.append({"text": text, **{k: r[k] for k in ("ids", "offsets", "words", "decoded_all")}})
        for a in answers:
            a["offsets"] = [x for o in a["offsets"] for x in o]
        rows.append({"name": name, "model": which, "tokenizer": {**one, "model": None}, "answers": answers})
    print('{"about": "written by tools/tokenizer_components_fixtures.py",\n"models": %s,\n"cases": [' % json.dumps(
        {"bytes": byte_model(), "byte_level": byte_level_model()}, separators=(",", ":")))
    print(",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]}")


def seeds(folder):
    """Every third is enough: a fuzzer mixes them. Their models are cut short, and what is left must still open."""
    for i, (name, which, one) in enumerate(small_cases()):
        if i % 3:
            continue
        model = one["model"]
        keep = dict(list(model["vocab"].items())[:120 if which == "byte_level" else 8])
        one = {**one, "model": {**model, "vocab": keep, "merges": []}, "added_tokens": [], "post_processor": (one["post_processor"] if which == "byte_level" else None)}
        text = json.dumps(one, separators=(",", ":"))
        with open(os.path.join(folder, "component-" + hashlib.sha256(name.encode()).hexdigest()[:8]), "w") as f:
            f.write(text)


if __name__ == "__main__":
    seeds(sys.argv[2]) if sys.argv[1:2] == ["seeds"] else main()
