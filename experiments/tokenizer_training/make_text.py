"""Text for bench.py: lines of the files given, repeated with variation until there are enough bytes.

    python3 make_text.py OUT MEGABYTES FILE ...

The first pass is the text as it is. Each later one changes one word in 25 (letters swapped, doubled or replaced, a number
appended), so that new words keep coming, as they do in real text. Seeded: the same files give the same text."""

import random
import sys


def varied(word, rng):
    i = rng.randrange(len(word))
    kind = rng.randrange(4)
    if kind == 0 and i + 1 < len(word):
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == 1:
        return word[:i] + word[i] + word[i:]
    if kind == 2:
        return word[:i] + rng.choice("etaoinshrdlu") + word[i + 1 :]
    return word + str(rng.randrange(3000))


def main():
    out, size, files = sys.argv[1], int(sys.argv[2]) * 1_000_000, sys.argv[3:]
    lines = [line for f in files for line in open(f, encoding="utf-8", errors="replace") if line.strip()]
    rng, written = random.Random(3), 0
    with open(out, "wb") as to:
        for turn in range(1000):
            for line in lines:
                if turn:
                    words = line.rstrip("\n").split(" ")
                    for _ in range(len(words) // 25 + (rng.random() < len(words) % 25 / 25)):
                        k = rng.randrange(len(words))
                        if words[k]:
                            words[k] = varied(words[k], rng)
                    line = " ".join(words) + "\n"
                data = line.encode()
                to.write(data)
                written += len(data)
                if written >= size:
                    return


main()
