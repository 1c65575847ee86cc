#!/usr/bin/env bash
# The example of every format in configs/data: read whole, prepared with its report, and trained on for two steps.
. "$(dirname "$0")/lib.sh"
rows() { case $1 in text) echo 16 ;; documents) echo 6 ;; files | jsonl | csv | tsv) echo 12 ;; conll | conllu | chat | instruction) echo 8 ;;
         *) echo 10 ;; esac; }

for config in configs/data/*.json; do
  name=$(basename "$config" .json)
  [ "$name" = tiny ] && continue
  if ! "$WHET" prepare "$config" --prepared "$tmp/$name" --json >"$tmp/report" 2>"$tmp/err"; then
    bad "$name: $(head -3 "$tmp/err")"
    continue
  fi
  got=$(grep -o '"rows":[0-9]*' "$tmp/report" | head -1 | cut -d: -f2)
  [ "$got" = "$(rows "$name")" ] && ok "$name: $got rows" || bad "$name: $got rows, not $(rows "$name")"
  grep -q '"bad_rows":[1-9]' "$tmp/report" && bad "$name: bad rows"
  grep -q '</html>' "$tmp/$name/data.html" && grep -q '"splits"' "$tmp/$name/data.json" || bad "$name: no report"
  "$WHET" train "$config" --prepared "$tmp/$name" --max_steps 2 --output_dir "$tmp/run-$name" --quiet >/dev/null 2>"$tmp/err" ||
    bad "$name does not train: $(head -3 "$tmp/err")"
done
done_
