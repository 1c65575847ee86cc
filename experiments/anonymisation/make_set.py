#!/usr/bin/env python3
"""Writes tests/data/clean/anonymize_set.jsonl: hand-written sentences with generated values, checksums computed here and
not by the program under test.   python3 experiments/anonymisation/make_set.py > tests/data/clean/anonymize_set.jsonl

{kind} in a sentence is a value that must be found, {~name} one that must not. A sentence with several formats of value is
used four times. [[kind|text]] marks a fixed value."""
import json
import random
import re

from sentences import LOOKALIKES, POSITIVES

R = random.Random(20261122)


def digits(n, first="0123456789"):
    return R.choice(first) + "".join(R.choice("0123456789") for _ in range(n - 1))


def pick(*options):
    o = R.choice(options)
    return o() if callable(o) else o


def luhn(d):
    total = 0
    for i, c in enumerate(reversed(d)):
        v = int(c) * (2 if i % 2 == 0 else 1)
        total += v - 9 if v > 9 else v
    return d + str(-total % 10)


def cn_id_of(region, year, month, day, serial):
    d = f"{region}{year:04d}{month:02d}{day:02d}{serial:03d}"
    w = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return d + "10X98765432"[sum(int(c) * k for c, k in zip(d, w)) % 11]


REGIONS = ["110105", "310115", "440305", "510104", "330106", "420111", "610113", "320583", "350203", "230103", "500112", "650102"]


def cn_id():
    v = cn_id_of(R.choice(REGIONS), R.randint(1948, 2012), R.randint(1, 12), R.randint(1, 28), R.randint(0, 999))
    return R.choice([v, v, v, v.replace("X", "x"), f"{v[:6]} {v[6:14]} {v[14:]}", f"{v[:6]}-{v[6:14]}-{v[14:]}"])


def group(d, sizes, sep):
    out, i = [], 0
    for s in sizes:
        out.append(d[i:i + s])
        i += s
    return sep.join(out)


def card():
    kind = R.randrange(7)
    if kind == 0:
        d = luhn("4" + digits(14))
    elif kind == 1:
        d = luhn(R.choice(["51", "52", "53", "54", "55"]) + digits(13))
    elif kind == 2:
        d = luhn(R.choice(["34", "37"]) + digits(12))
        return R.choice([d, group(d, [4, 6, 5], " "), group(d, [4, 6, 5], "-")])
    elif kind == 3:
        d = luhn("62" + R.choice(["17", "22", "28", "25"]) + digits(14))
        return R.choice([d, group(d, [4, 4, 4, 4, 3], " "), group(d, [6, 13], " ")])
    elif kind == 4:
        d = luhn("6011" + digits(11))
    elif kind == 5:
        d = luhn("35" + R.choice(["28", "45", "66", "89"]) + digits(11))
    else:
        d = luhn(R.choice(["2221", "2500", "2720"]) + digits(11))
    return R.choice([d, group(d, [4] * 4, " "), group(d, [4] * 4, "-")])


IBANS = {"DE": "18n", "GB": "4a14n", "FR": "10n11c2n", "NL": "4a10n", "ES": "20n", "CH": "5n12c", "IT": "1a10n12c", "BE": "12n",
         "PL": "24n", "AT": "16n", "NO": "11n", "SE": "20n", "PT": "21n", "SA": "2n18c", "MT": "4a5n18c", "TR": "5n1n16c"}


def iban_raw():
    country = R.choice(list(IBANS))
    bban = ""
    for n, t in re.findall(r"(\d+)([anc])", IBANS[country]):
        bban += "".join(R.choice({"n": "0123456789", "a": "ABCDEFGHJKLMNPRST", "c": "0123456789ABCDEFGH"}[t]) for _ in range(int(n)))
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    return f"{country}{98 - number % 97:02d}{bban}"


def fours(v, sep=" "):
    return sep.join(v[i:i + 4] for i in range(0, len(v), 4))


def iban():
    v = iban_raw()
    return R.choice([v, fours(v), fours(v)])


FIRST = ["anna", "li.wei", "j.smith", "maria_g", "o'brien", "zhang.san", "t-kim", "sales", "info", "peter.mueller", "wang1987",
         "support+eu", "x", "Dr.House", "ravi.k", "chen_xiaoming", "A.Nowak", "first.last", "99problems", "noreply"]
HOSTS = ["gmail.com", "qq.com", "163.com", "outlook.com", "mail.ru", "uni-koeln.de", "corp.example.co.uk", "sub.domain.edu.cn",
         "protonmail.ch", "126.com", "a-b.org", "firma.io", "stanford.edu", "foo.museum", "x.y.z.info", "xn--fsq.xn--0zwm56d"]


def email():
    v = f"{R.choice(FIRST)}{R.choice(['', '', digits(2)])}@{R.choice(HOSTS)}"
    return v.upper() if R.random() < 0.06 else v


def nanp():
    while True:
        a, b, c = digits(3, "23456789"), digits(3, "23456789"), digits(4)
        if a[1] != "9" and a[1:] != "11" and b[1:] != "11":
            return a, b, c


def us_phone():
    a, b, c = nanp()
    return R.choice([f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}", f"1-{a}-{b}-{c}", f"+1 {a} {b} {c}", f"+1 ({a}) {b}-{c}",
                     f"+1{a}{b}{c}", f"+1-{a}-{b}-{c}", f"({a}){b}-{c}", f"1 ({a}) {b}-{c}"])


def cn_mobile():
    p = R.choice(["130", "131", "135", "136", "138", "139", "147", "150", "152", "158", "159", "166", "173", "177", "180", "186",
                  "187", "189", "191", "198", "199"])
    m, e = digits(4), digits(4)
    return R.choice([p + m + e, p + m + e, p + m + e, f"{p} {m} {e}", f"{p}-{m}-{e}", f"+86 {p}{m}{e}", f"+86{p}{m}{e}", f"+86-{p}-{m}-{e}",
                     f"+86 {p} {m} {e}", f"0086{p}{m}{e}", f"86-{p}{m}{e}"])


def cn_landline():
    if R.random() < 0.5:
        a, s = R.choice(["010", "021", "020", "022", "028", "027"]), digits(8, "2345678")
    else:
        a, s = R.choice(["0755", "0571", "0531", "0311", "0991", "0451"]), digits(R.choice([7, 8]), "2345678")
    return R.choice([f"{a}-{s}", f"{a}-{s}", f"({a}){s}", f"({a}) {s}", f"（{a}）{s}", f"{a} {s}", f"+86 {a[1:]} {s}", f"{a}-{s}-{digits(3)}"])


def world_phone():
    return pick(lambda: f"+44 20 {digits(4, '378')} {digits(4)}", lambda: f"+44 7{digits(3)} {digits(6)}", lambda: f"+49 30 {digits(7, '234')}",
                lambda: f"+49 (0)89 {digits(6, '234')}", lambda: f"+33 6 {digits(2)} {digits(2)} {digits(2)} {digits(2)}",
                lambda: f"+852 {digits(4, '5689')} {digits(4)}", lambda: f"+81-90-{digits(4)}-{digits(4)}", lambda: f"+91 {digits(5, '789')} {digits(5)}",
                lambda: f"+65 {digits(4, '89')} {digits(4)}", lambda: f"+61 4{digits(2)} {digits(3)} {digits(3)}", lambda: f"+7 (9{digits(2)}) {digits(3)}-{digits(2)}-{digits(2)}",
                lambda: f"+3531{digits(7, '456')}", lambda: f"0044 20 {digits(4, '378')} {digits(4)}", lambda: f"+34 6{digits(8)}", lambda: f"+886-9{digits(2)}-{digits(3)}-{digits(3)}")


def ipv4(first=None):
    while True:
        a = first or R.randint(1, 223)
        if a != 127:
            return f"{a}.{R.randint(0, 255)}.{R.randint(0, 255)}.{R.randint(1, 254)}"


def ipv6():
    h = lambda: f"{R.randint(1, 65535):x}"
    return pick(lambda: f"2001:db8::{h()}", lambda: f"fe80::{h()}:{h()}:{h()}:{h()}", lambda: f"2a00:1450:4001:{h()}::200e",
                lambda: f"2001:0db8:85a3:0000:0000:8a2e:0370:{R.randint(4096, 65535):04x}", lambda: f"2606:4700:{h()}::{h()}:{h()}", lambda: f"FD12:3456:789A:1::{h().upper()}")


def credentials():
    user = R.choice(["admin", "root", "deploy", "anna", "ci-bot", "user%40corp", "postgres", "x", "backup_user", "svc.reports"])
    word = R.choice(["s3cret", "hunter2", "p%40ss", "Tr0ub4dor&3", "9f8e7d", "geheim!", "changeme", "a:b", "Pa$$w0rd", "mima123"])
    return f"{user}:{word}"


VALUES = {"email": email, "phone_us": us_phone, "phone_cn": cn_mobile, "phone_line": cn_landline, "phone_world": world_phone, "cn_id": cn_id,
          "card": card, "iban": iban, "ip": lambda: ipv4() if R.random() < 0.7 else ipv6(), "ip4": ipv4, "url_credentials": credentials}


def bad_luhn():
    d = card()
    last = d[-1]
    return d[:-1] + str((int(last) + R.randint(1, 9)) % 10)


def bad_cn_id():
    v = cn_id_of(R.choice(REGIONS), R.randint(1948, 2012), R.randint(1, 12), R.randint(1, 28), R.randint(0, 999))
    kind = R.randrange(3)
    if kind == 0:
        return v[:-1] + R.choice([c for c in "0123456789X" if c != v[-1]])
    if kind == 1:
        return cn_id_of(R.choice(REGIONS), R.randint(1948, 2012), R.randint(13, 19), R.randint(1, 28), R.randint(0, 999))
    return cn_id_of(R.choice(["990101", "180305", "270001", "009999"]), R.randint(1948, 2012), R.randint(1, 12), R.randint(1, 28), 7)


def bad_iban():
    v = iban_raw()
    v = v[:2] + f"{(int(v[2:4]) + R.randint(1, 90)) % 97:02d}" + v[4:]
    return R.choice([v, fours(v)])


def isbn13():
    d = R.choice(["978", "979"]) + digits(9)
    d += str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(d)) % 10)
    return R.choice([d, f"{d[:3]}-{d[3]}-{d[4:7]}-{d[7:12]}-{d[12]}", f"{d[:3]} {d[3]} {d[4:7]} {d[7:12]} {d[12]}"])


def ean():
    d = R.choice(["400", "450", "690", "301", "501"]) + digits(9)
    return d + str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(d)) % 10)


def hexes(n):
    return "".join(R.choice("0123456789abcdef") for _ in range(n))


FAKES = {
    "order16": lambda: digits(16, "123456789"), "order11": lambda: "1" + digits(10, "3456789"), "order12": lambda: digits(12, "123456789"),
    "order18": lambda: digits(18, "123456789"), "order20": lambda: digits(20, "123456789"), "badcard": bad_luhn, "badid": bad_cn_id, "badiban": bad_iban,
    "isbn": isbn13, "ean": ean, "ms": lambda: "1" + str(R.randint(600000000000, 799999999999)), "epoch": lambda: str(R.randint(1500000000, 1799999999)),
    "stamp": lambda: f"20{R.randint(10, 26)}{R.randint(1, 12):02d}{R.randint(1, 28):02d}{R.randint(0, 23):02d}{R.randint(0, 59):02d}{R.randint(0, 59):02d}",
    "sha": lambda: hexes(40), "sha7": lambda: hexes(7), "md5": lambda: hexes(32), "uuid": lambda: "-".join(hexes(n) for n in (8, 4, 4, 4, 12)),
    "ver5": lambda: ".".join(str(R.randint(0, 30)) for _ in range(5)), "ver4": lambda: ".".join(str(R.randint(0, 30)) for _ in range(4)),
    "chrome": lambda: f"{R.randint(90, 130)}.0.{R.randint(4000, 6999)}.{R.randint(10, 199)}", "ip300": lambda: f"{R.randint(256, 999)}.{R.randint(0, 255)}.{R.randint(0, 255)}.1",
    "decimal": lambda: f"{R.randint(0, 9)}.{digits(16)}", "money": lambda: f"{R.randint(1, 999)},{digits(3)},{digits(3)}.{digits(2)}",
    "mac": lambda: ":".join(hexes(2) for _ in range(6)), "time": lambda: f"{R.randint(0, 23):02d}:{R.randint(0, 59):02d}:{R.randint(0, 59):02d}",
    "date": lambda: f"20{R.randint(10, 26)}-{R.randint(1, 12):02d}-{R.randint(1, 28):02d}", "ssn": lambda: f"{digits(3, '12345')}-{digits(2)}-{digits(4)}",
    "imei": lambda: luhn("35" + digits(12)), "pkg": lambda: f"{R.choice(['lodash', 'react', '@types/node', 'left-pad'])}@{R.randint(0, 20)}.{R.randint(0, 30)}.{R.randint(0, 30)}",
    "retina": lambda: f"{R.choice(['logo', 'icon-home', 'bg'])}@{R.choice('23')}x.png", "handle": lambda: f"@{R.choice(['anna', 'the.chef', 'wang_lei', 'nasa'])}",
    "usci": lambda: "9131" + digits(4) + R.choice("MAX") + digits(8) + R.choice("QUW3"), "n8": lambda: digits(8, "123456789"), "n10": lambda: digits(10, "123456789"),
}



def fill(sentence):
    text, items, at = "", [], 0
    for m in re.finditer(r"\{(~?)(\w+)\}|\[\[(\w+)\|(.*?)\]\]", sentence):
        text += sentence[at:m.start()]
        at = m.end()
        name, value = m.group(2), m.group(4)
        if name and name not in (FAKES if m.group(1) else VALUES):
            text += m.group(0)
            continue
        if name:
            value = (FAKES if m.group(1) else VALUES)[name]()
        begin = len(text.encode())
        text += value
        if not m.group(1):
            kind = re.sub(r"_(us|cn|line|world)$", "", name) if name and name.startswith("phone") else name or m.group(3)
            items.append({"kind": "ip" if kind == "ip4" else kind, "begin": begin, "end": len(text.encode())})
    return {"text": text + sentence[at:], "items": items}


def main():
    seen = set()
    for s in POSITIVES + LOOKALIKES:
        for _ in range(4 if "{" in s else 1):
            row = fill(s)
            if row["text"] not in seen:
                print(json.dumps(row, ensure_ascii=False))
            seen.add(row["text"])


main()
