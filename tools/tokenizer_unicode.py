#!/usr/bin/env python3
"""Writes data/tokenizer/unicode_tables.c: which code points the reference library calls control, punctuation, mark...

The `tokenizers` library takes its categories, decompositions and lower-casing from crates of three different Unicode
versions, none of them that of the utf8proc on this machine. So it is asked about every code point, and the answers
become tables; what is left to utf8proc is what can never change between versions (the stability policy): the
decomposition and the combining class of a code point that has one.

    python3 tools/tokenizer_unicode.py > data/tokenizer/unicode_tables.c        (needs: pip install tokenizers==0.23.3)
"""

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, AddedToken

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def bert(**on):
    flags = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**flags, **on}).normalize_str


def ranges(code_points):
    out = []
    for c in sorted(code_points):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def table(name, comment, rows):
    cells = ["{ " + ", ".join("0x%X" % v for v in row) + " }," for row in rows]
    print("\n/* %s */" % comment)
    print("const UnicodeRange %s[] = {" % name)
    line = ""
    for cell in cells:
        if len(line) + len(cell) > 112:
            print("    " + line.rstrip())
            line = ""
        line += cell + " "
    print("    " + line.rstrip())
    print("};\nconst size_t n_%s = sizeof %s / sizeof %s[0];" % (name, name, name))


def words(ch):
    return len(pre_tokenizers.BertPreTokenizer().pre_tokenize_str("a" + ch + "b"))


def word_characters():
    """What \\w matches: a single_word token is refused right before it."""
    t = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    t.add_tokens([AddedToken("Q", single_word=True, normalized=False)])
    return [c for c in CODE_POINTS if chr(c) != "Q" and 1 not in t.encode("Q" + chr(c)).ids]


def main():
    clean, nfd, lower, strip = (
        bert(clean_text=True),
        normalizers.NFD().normalize_str,
        bert(lowercase=True),
        bert(strip_accents=True),
    )
    removed = [c for c in CODE_POINTS if clean(chr(c)) == ""]
    spaces = [c for c in CODE_POINTS if words(chr(c)) == 2]
    punctuation = [c for c in CODE_POINTS if words(chr(c)) == 3]
    marks = [c for c in CODE_POINTS if strip(chr(c)) == ""]
    decomposed = [c for c in CODE_POINTS if nfd(chr(c)) != chr(c)]
    # A character has a combining class when it moves across one of class 1 or of class 240.
    combining = [
        c
        for c in CODE_POINTS
        if c in (0x334, 0x345)
        or nfd(chr(c)) == chr(c)
        and (nfd(chr(c) + "\u0334") != chr(c) + "\u0334" or nfd("\u0345" + chr(c)) != "\u0345" + chr(c))
    ]
    special_lower = [c for c in CODE_POINTS if lower(chr(c)) != chr(c)]
    print(
        "/* data/tokenizer/unicode_tables.c: code points as the `tokenizers` library %s sees them, range by range."
        % tokenizers.__version__
    )
    print(" * Written by tools/tokenizer_unicode.py; do not edit. Why not utf8proc: see unicode.c. */")
    print('#include "data/tokenizer/unicode.h"')
    table(
        "unicode_removed",
        "BertNormalizer's clean_text removes these (Cc, Cf, Co, U+FFFD; not tab, newline, return)",
        ranges(removed),
    )
    table("unicode_spaces", "White_Space", ranges(spaces))
    table("unicode_punctuation", "P*, and what is neither letter, digit nor control in ASCII", ranges(punctuation))
    table("unicode_marks", "Mn", ranges(marks))
    table("unicode_combining", "those with a combining class other than 0", ranges(combining))
    table("unicode_decomposed", "those with a canonical decomposition", ranges(decomposed))
    table("unicode_words", "what a regular expression's \\w matches", ranges(word_characters()))
    # Runs of equal step, so that "every second one" is one row: first, last, step, distance to the lower case.
    rows = []
    for c in special_lower:
        if c == 0x130:
            continue  # becomes two code points; unicode_lower() knows it
        to = ord(lower(chr(c))) - c
        if (
            rows
            and rows[-1][3] == to
            and (c - rows[-1][1] == rows[-1][2] or rows[-1][0] == rows[-1][1] and c - rows[-1][0] <= 2)
        ):
            rows[-1][2] = c - rows[-1][1]
            rows[-1][1] = c
        else:
            rows.append([c, c, 1, to])
    print("\n/* Lower case: first, last, step between them, distance. Unicode 17; utf8proc 2.8 stops at 15. */")
    print("const UnicodeLower unicode_lowers[] = {")
    line = ""
    for a, b, step, to in rows:
        cell = "{ 0x%X, 0x%X, %d, %d }, " % (a, b, step, to)
        if len(line) + len(cell) > 112:
            print("    " + line.rstrip())
            line = ""
        line += cell
    print("    " + line.rstrip())
    print("};\nconst size_t n_unicode_lowers = sizeof unicode_lowers / sizeof unicode_lowers[0];")


main()
