#!/usr/bin/env bash
# whet init: the config it writes runs as it is, says why, and is never written over another.
. "$(dirname "$0")/lib.sh"
tiny_job "$tmp/a"; cd "$tmp/a"
"$WHET" train job.json --max_steps 1 --quiet
init() { "$WHET" init "$@" --model run; }

init train.jsonl --out mine.json >out 2>err
[ "$(cat out)" = mine.json ] && ok "stdout is the config's path" || bad "stdout: $(cat out)"
grep -q '"label" has 2 values in 40 rows: the class' err && grep -q '"label" has 2 values' mine.json && ok "it says why, there and here" || bad "no reasons: $(cat err)"
grep -q '"train": "train.jsonl"' mine.json && ok "paths are relative to the config" || bad "paths: $(grep '"train"' mine.json)"
"$WHET" train mine.json --max_steps 2 --output_dir mine --quiet && ok "the config runs as it is" || bad "the config does not run"
refuses "config exists" 1 "mine.json exists already|--overwrite" init train.jsonl --out mine.json
init train.jsonl --out mine.json --overwrite >/dev/null 2>&1 && ok "--overwrite" || bad "--overwrite"
init train.jsonl --out - 2>/dev/null | cmp - mine.json && ok "--out - prints the same" || bad "--out -"

mkdir set; head -30 train.jsonl >set/train.jsonl; tail -10 train.jsonl >set/dev.jsonl; cp test.jsonl set/; echo "read me" >set/README
init set --out set.json >/dev/null 2>&1
grep -q '"validation": "set/dev.jsonl"' set.json && grep -q '"test": "set/test.jsonl"' set.json && ok "splits by name" || bad "splits: $(grep jsonl set.json)"
"$WHET" train set.json --max_steps 2 --output_dir set.run --quiet && "$WHET" eval set.run --split test >/dev/null 2>&1 && ok "and they run" || bad "they do not run"

refuses "no model" 2 "no model is given|--model PATH" "$WHET" init train.jsonl --out x.json
refuses "no such data" 1 "gone" init gone --out x.json
printf '\1\2\3\4\5\6\7' >noise.bin; refuses "no data in it" 1 "noise.bin|looks like data|try:" init noise.bin --out x.json
printf 'a,b\n1,2\n3,4\n5,6\n' >numbers.csv; refuses "no text in it" 1 "looks like a text|configs/data" init numbers.csv --out x.json
[ ! -e x.json ] && ok "a refusal writes nothing" || bad "a refused init left x.json"
done_
