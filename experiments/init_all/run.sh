#!/usr/bin/env bash
# For every set in a folder of data: whet init, then prepare and two training steps with the config it wrote, unchanged.
#   experiments/init_all/run.sh DATA-FOLDER [MODEL]      WHET=build/whet, OUT=a folder that is kept
set -uo pipefail
whet=$(realpath "${WHET:-build/whet}")
data=$(realpath "$1")
model=$(realpath "${2:-models/minilm-l6}")
out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
cd "$out" || exit 1
value() { sed -n "s/^ *\"$2\": \"\([^\"]*\)\".*/\1/p" "$1" | head -1; }
last() { grep -m1 '^error:' "$1" | cut -c1-150; }

printf '%-24s %-24s %-12s %-34s %8s  %s\n' set task format "columns (text, pair, label)" seconds 'ok?'
for set in "$data"/*/; do
  name=$(basename "$set"); config=$name.json; begin=$SECONDS; verdict=ok
  rm -rf "$config" "prepared/$name" "runs/$name"
  if ! "$whet" init "$set" --model "$model" --out "$config" >/dev/null 2>"$name.err"; then
    printf '%-24s %-24s %-12s %-34s %8s  %s\n' "$name" - - - $((SECONDS - begin)) "init: $(last "$name.err")"
    continue
  fi
  "$whet" prepare "$config" >"$name.prepare" 2>&1 || verdict="prepare: $(last "$name.prepare")"
  if [ "$verdict" = ok ]; then
    "$whet" train "$config" --max_steps 2 --eval_strategy no --save_strategy no --output_dir "runs/$name" --quiet >"$name.train" 2>&1 ||
      verdict="train: $(last "$name.train")"
  fi
  columns="$(value "$config" text), $(value "$config" text_pair), $(value "$config" label)"
  printf '%-24s %-24s %-12s %-34s %8s  %s\n' "$name" "$(value "$config" task)" "$(value "$config" format)" "$columns" $((SECONDS - begin)) "$verdict"
done
