#!/usr/bin/env python3
"""Cleaning steps against Python's unicodedata, str.lower and re.   compare.py CLEAN_BENCH FILE ...

The lines of the files (UTF-8), cut at 200 characters, and 60,000 random strings, most of characters that decompose or
combine. Prints how many strings differ."""
import random
import re
import subprocess
import sys
import tempfile
import unicodedata

SPACE = "[\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"


def control(s):
    keep = "".join("\n" if c in "\x0b\x0c\x85" else c for c in s)
    return "".join(c for c in keep if unicodedata.category(c) not in ("Cc", "Cf") or c in "\t\n\r")


STEPS = {form.lower(): (lambda s, form=form: unicodedata.normalize(form, s)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
STEPS |= {"lowercase": str.lower, "whitespace": lambda s: re.sub(SPACE, " ", s).strip(" "), "control": control}


def random_strings(count, rng):
    assigned = [chr(c) for c in range(0x20, 0x30000) if not 0xD800 <= c <= 0xDFFF and unicodedata.category(chr(c)) != "Cn"]
    moving = [c for c in assigned if unicodedata.decomposition(c) or unicodedata.combining(c)]
    moving += [chr(c) for c in range(0x1100, 0x1200)]
    for _ in range(count):
        yield "".join(rng.choice(moving if rng.random() < 0.7 else assigned) for _ in range(rng.randint(1, 12)))


def main():
    lines = [piece for path in sys.argv[2:] for piece in re.findall(r".{1,200}", open(path, encoding="utf-8").read())]
    lines += random_strings(60000, random.Random(1))
    lines = [re.sub("[\r\n]", "", s) for s in lines]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n") as f:
        f.write("".join(s + "\n" for s in lines))
        f.flush()
        for step, reference in STEPS.items():
            out = subprocess.run([sys.argv[1], step, f.name, "print"], stdout=subprocess.PIPE, check=True).stdout
            got = out.decode("utf-8").split("\0")[:-1]
            assert len(got) == len(lines)
            print(f"{step:12} {len(lines)} strings, {sum(g != reference(s) for g, s in zip(got, lines))} differ")


main()
