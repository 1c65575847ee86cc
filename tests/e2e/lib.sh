# tests/e2e/lib.sh: what the shell tests share. WHET is the program; $tmp is removed at the end.
set -euo pipefail
: "${WHET:?set WHET to the program}"
root=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failures=0

ok()   { printf 'ok    %s\n' "$1"; }
bad()  { printf 'FAIL  %s\n' "$1"; failures=$((failures + 1)); }
done_() { [ $failures = 0 ] || { echo "$failures failed"; exit 1; }; }

# refuses NAME EXIT-CODE WORDS COMMAND...: the command must end with that code, say all WORDS (|-separated) on stderr
# in an error with a remedy, and print nothing on stdout.
refuses() {
  local name=$1 want=$2 words=$3 rc=0 word missing=; shift 3
  "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
  [ $rc = "$want" ] || missing="exit code $rc, not $want"
  local IFS='|'
  for word in $words "error:"; do grep -qF -- "$word" "$tmp/err" || missing="$missing; \"$word\" is missing"; done
  [ ! -s "$tmp/out" ] || missing="$missing; something on stdout"
  if [ -z "$missing" ]; then ok "$name"; else bad "$name: $missing"; sed 's/^/        /' "$tmp/err"; fi
}

# A tiny job: 40 rows, two labels, a model that trains in a second. Arguments: folder.
tiny_job() {
  mkdir -p "$1"
  { for i in $(seq 20); do
      echo "{\"text\": \"where is parcel number $i now\", \"label\": \"where\"}"
      echo "{\"text\": \"send back shoes of size $i please\", \"label\": \"return\"}"
    done; } >"$1/train.jsonl"
  head -8 "$1/train.jsonl" >"$1/test.jsonl"
  cat >"$1/job.json" <<JSON
{ "name": "tiny", "task": "sequence-classification", "output_dir": "run",
  "model": { "tokenizer": "$root/configs/demo/vocab.txt", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 64, "max_position_embeddings": 64 },
  "data": { "train": "train.jsonl", "validation": 0.2, "test": "test.jsonl" },
  "train": { "learning_rate": 2e-3, "num_train_epochs": 3, "per_device_train_batch_size": 8, "save_strategy": "steps", "save_steps": 2,
             "eval_strategy": "steps", "eval_steps": 4, "logging_steps": 1 } }
JSON
}
