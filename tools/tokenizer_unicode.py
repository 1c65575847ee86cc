#!/usr/bin/env python3
"""Writes data/tokenizer/unicode_tables.c and unicode_sets.c: which code points the reference library calls control,
punctuation, mark, number ..., their categories for regular expressions, scripts, compositions, grapheme classes.

The `tokenizers` library takes its categories, decompositions and lower-casing from crates of three different Unicode
versions, none of them that of the utf8proc on this machine. So it is asked about every code point, and the answers
become tables; what is left to utf8proc is what can never change between versions (the stability policy): the
decomposition and the combining class of a code point that has one.

    python3 tools/tokenizer_unicode.py > data/tokenizer/unicode_tables.c        (needs: pip install tokenizers==0.23.3)
    python3 tools/tokenizer_unicode.py sets > data/tokenizer/unicode_sets.c
"""

import struct
import sys
import unicodedata

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, AddedToken, Regex

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
    return [c for c in CODE_POINTS if chr(c) == "Q" or 1 not in t.encode("Q" + chr(c)).ids]  # "QQ" is found twice


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


CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co".split()


def matches(pattern, code_points):
    """Which of them Oniguruma's pattern matches: split them out of one long string."""
    text = "".join(map(chr, code_points))
    pieces = pre_tokenizers.Split(Regex(pattern), "removed").pre_tokenize_str(text)
    left, kept = 0, set()
    for piece, (begin, end) in pieces:
        kept.update(code_points[begin:end])
    return [c for c in code_points if c not in kept]


def valued(name, kind, comment, value_of):
    """Ranges of equal value, as { first, last, value }."""
    rows = []
    for c in CODE_POINTS:
        v = value_of.get(c)
        if v is None:
            continue
        if rows and rows[-1][1] == c - 1 and rows[-1][2] == v:
            rows[-1][1] = c
        else:
            rows.append([c, c, v])
    lines("const UnicodeValue %s[] = {" % name, comment, ["{ 0x%X, 0x%X, %s }, " % tuple(r) for r in rows])
    print("const size_t n_%s = sizeof %s / sizeof %s[0];" % (name, name, name))


def lines(head, comment, cells):
    print("\n/* %s */\n%s" % (comment, head))
    line = ""
    for cell in cells:
        if len(line) + len(cell) > 112:
            print("    " + line.rstrip())
            line = ""
        line += cell
    print("    " + line.rstrip())
    print("};")


def scripts():
    """Script numbers, in order of appearance; 0 is Any, which goes with every other."""
    split = pre_tokenizers.UnicodeScripts().pre_tokenize_str

    def apart(a, b):
        return len(split(chr(a) + chr(b))) == 2

    groups, out = [], {}
    before = None
    for c in CODE_POINTS:
        if before is not None and not apart(before, c) and (out[before] != 0 or not apart(c, ord("a"))):
            if out[before] != 0 and not (apart(c, ord("a")) or apart(c, 0x3042)):
                out[c] = 0
            elif out[before] == 0 and (apart(c, ord("a")) or apart(c, 0x3042)):
                out[c] = next((i + 1 for i, g in enumerate(groups) if not apart(g, c)), 0)
            else:
                out[c] = out[before]
        elif not apart(c, ord("a")) and not apart(c, 0x3042):
            out[c] = 0
        else:
            out[c] = next((i + 1 for i, g in enumerate(groups) if not apart(g, c)), 0)
        if out[c] == 0 and (apart(c, ord("a")) or apart(c, 0x3042)):
            groups.append(c)
            out[c] = len(groups)
        before = c
    return out


def graphemes():
    """Through Precompiled, which replaces clusters of up to five bytes as a whole: J joins what is before it, C never
    joins, P joins what follows, E follows a joiner."""
    units = [0] * 1024
    units[0] = 256 << 10
    keys = [ord("a")] + list(range(0xC2, 0xF5))
    for c in keys + [ord("\n"), ord("\r")] + [b for b in range(1, 0x20) if b not in (10, 13)] + [0x7F]:
        units[256 + c] = ((256 + c) ^ (512 + c)) << 10 | 1 << 8 | c
        units[512 + c] = 1 << 31 | 0
    blob = struct.pack("<I", 4 * len(units)) + struct.pack("<%dI" % len(units), *units) + b"Z\0"
    norm = normalizers.Precompiled(blob).normalize_str
    out = {}
    for c in CODE_POINTS:
        if c == 0:
            continue
        ch = chr(c)
        if norm("a" + ch) == "Z":
            out[c] = "GRAPHEME_JOINS"
        elif (c < 0x20 or c >= 0x7F) and len(ch.encode()) < 4 and norm(ch + "\u0301").count("Z") == 2:
            out[c] = "GRAPHEME_CONTROL"
        elif c >= 0x80 and norm(ch + "a") == "Z":
            out[c] = "GRAPHEME_PREPEND"
        elif c >= 0x80 and norm("\u00a9\u200d" + ch) == "ZZZ":
            out[c] = "GRAPHEME_EMOJI"
    return out


def compositions():
    nfc = normalizers.NFC().normalize_str
    rows = []
    for c in CODE_POINTS:
        parts = unicodedata.decomposition(chr(c))
        if not parts or parts.startswith("<") or " " not in parts:
            continue
        a, b = (int(p, 16) for p in parts.split())
        if nfc(chr(a) + chr(b)) == chr(c):
            rows.append((a, b, c))
    return sorted(rows)


def sets():
    print(
        "/* data/tokenizer/unicode_sets.c: categories, scripts, compositions and grapheme classes as the `tokenizers`\n"
        " * library %s has them. Written by tools/tokenizer_unicode.py; do not edit. */" % tokenizers.__version__
    )
    print('#include "data/tokenizer/unicode.h"')
    value = {}
    for name in CATEGORIES:
        for c in matches("\\p{%s}" % name, CODE_POINTS):
            assert c not in value
            value[c] = "UNICODE_" + name.upper()
    valued("unicode_categories", "", "General categories as Oniguruma has them; what is in no row is unassigned", value)
    assert unicodedata.unidata_version == "14.0.0"  # as PCRE2 10.42; Python 3.11 has it
    newer = [c for c in CODE_POINTS if c in value and value[c][8:] != unicodedata.category(chr(c)).upper()]
    table("unicode_newer", "Those that PCRE2 10.42 has in another category, or in none", ranges(newer))
    spaces = [c for c in CODE_POINTS if words(chr(c)) == 2]
    assert matches(r"\s", CODE_POINTS) == spaces, set(matches(r"\s", CODE_POINTS)) ^ set(spaces)
    digits = matches(r"\d", CODE_POINTS)
    assert digits == [c for c in CODE_POINTS if value.get(c) == "UNICODE_ND"]
    table("unicode_onig_words", "what Oniguruma's \\w matches", ranges(matches(r"\w", CODE_POINTS)))
    table("unicode_numeric", "Digits: Nd, Nl, No", ranges(
        [c for c in CODE_POINTS if len(pre_tokenizers.Digits(True).pre_tokenize_str("a" + chr(c))) == 2]))
    strip, nfd, nfkd = (
        normalizers.StripAccents().normalize_str,
        normalizers.NFD().normalize_str,
        normalizers.NFKD().normalize_str,
    )
    table("unicode_all_marks", "StripAccents removes these: M*", ranges([c for c in CODE_POINTS if strip(chr(c)) == ""]))
    table("unicode_compatible", "those with another compatibility decomposition than the canonical one",
          ranges([c for c in CODE_POINTS if nfkd(chr(c)) != nfd(chr(c))]))
    valued("unicode_scripts", "", "Scripts of UnicodeScripts by number; what is in no row goes with every other",
           {c: v for c, v in scripts().items() if v})
    valued("unicode_graphemes", "", "Grapheme classes, as far as clusters of up to five bytes need them", graphemes())
    lines("const UnicodeComposition unicode_compositions[] = {", "Canonical compositions, hangul left out, in order",
          ["{ 0x%X, 0x%X, 0x%X }, " % r for r in compositions()])
    print("const size_t n_unicode_compositions = sizeof unicode_compositions / sizeof unicode_compositions[0];")


if sys.argv[1:] == ["sets"]:
    sets()
else:
    main()
