#!/usr/bin/env bash
# whet tokenizer train as a user drives it: files of several formats in, a folder that encodes out; mistakes in sentences.
. "$(dirname "$0")/lib.sh"
cd "$tmp"
for i in $(seq 300); do echo "the quiet boat number $((i % 17)) goes down the river, unhappily $i"; done >lines.txt
sed 's/.*/{"text": "&"}/' lines.txt >rows.jsonl
{ echo body; sed 's/.*/"&"/' lines.txt; } >table.csv
train=("$WHET" tokenizer train)

for type in wordpiece bpe unigram; do
  "${train[@]}" lines.txt --type $type --vocab_size 400 --out $type --threads 2 --json >out 2>err || { bad "$type: $(cat err)"; continue; }
  grep -q '"texts":300' out && [ "$(wc -l <out)" = 1 ] && ok "$type: one object" || bad "$type said: $(cat out)"
  "$WHET" tokenizer encode $type "the river" | grep -q "r" && ok "$type: encodes" || bad "$type does not encode"
  "${train[@]}" lines.txt --type $type --vocab_size 400 --out again --threads 1 2>err
  cmp -s $type/tokenizer.json again/tokenizer.json && ok "$type: one thread or two" || bad "$type depends on threads"
  rm -rf again
done
[ -s wordpiece/vocab.txt ] && ok "vocab.txt" || bad "no vocab.txt"
"${train[@]}" rows.jsonl --type bpe --vocab_size 400 --out jsonl 2>err && cmp -s bpe/tokenizer.json jsonl/tokenizer.json && ok "jsonl" || bad "jsonl"
"${train[@]}" table.csv --text body --type bpe --vocab_size 400 --out csv 2>err && cmp -s bpe/tokenizer.json csv/tokenizer.json && ok "csv" || bad "csv"

refuses "no type" 2 "needs --type|try:" "${train[@]}" lines.txt --out x
refuses "no folder" 2 "needs --out|try:" "${train[@]}" lines.txt --type bpe
refuses "vocabulary too small" 2 "vocab_size 100 is below|try:" "${train[@]}" lines.txt --type bpe --vocab_size 100 --out x
refuses "misspelt type" 2 "wordpeice|wordpiece|try:" "${train[@]}" lines.txt --type wordpeice --out x
refuses "no such file" 1 "gone.txt|try:" "${train[@]}" gone.txt --type bpe --out x
refuses "memory that is no size" 2 "\"lots\" is no size|try:" "${train[@]}" lines.txt --type bpe --out x --memory lots
printf 'good\nbad \xff\n' >bad.txt
refuses "not UTF-8" 1 "bad.txt:2|try:" "${train[@]}" bad.txt --type bpe --out x
[ ! -e x ] && ok "a refused training leaves nothing" || bad "a refused training left a folder"
done_
