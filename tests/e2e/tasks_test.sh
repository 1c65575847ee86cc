#!/usr/bin/env bash
# Regression, token classification and question answering from a file to an exported folder that answers alike; a tiny model
# learns each by heart.
. "$(dirname "$0")/lib.sh"
cd "$tmp"

# task FORMAT DATA EPOCHS MORE: trains a tiny model on DATA, evaluates it there, exports it.
learn() {
  cat >"$1.json" <<JSON
{ "name": "$1", "task": "$1", "output_dir": "run-$1",
  "model": { "tokenizer": "$root/configs/demo/vocab.txt", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 128, "max_position_embeddings": 64, "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0 },
  "data": { "train": "$3", "test": "$3", "format": "$2", "max_length": 48 $5 },
  "train": { "learning_rate": 3e-3, "num_train_epochs": $4, "per_device_train_batch_size": 8, "warmup_ratio": 0.1 } }
JSON
  "$WHET" train "$1.json" --quiet >out 2>err || { bad "$1: train"; cat err; return; }
  "$WHET" eval "run-$1" --json >eval.json 2>err || { bad "$1: eval"; cat err; return; }
  "$WHET" export "run-$1" --out "model-$1" >out 2>err || { bad "$1: export"; cat err; return; }
  grep -q "equal on" out && ok "$1: trains, evaluates, exports" || bad "$1: export says $(cat out)"
}

# above NAME LEAST: the metric's value in eval.json is at least that.
above() {
  local v; v=$(grep -o "\"$1\":{\"value\":[-0-9.e]*" eval.json | head -1 | sed 's/.*://')
  awk -v v="${v:-0}" -v least="$2" 'BEGIN { exit !(v >= least) }' && ok "$1 $v" || bad "$1 is ${v:-missing}, not $2"
}

# same MODEL TEXT...: the run and its export answer with the same line, which has WORDS (|-separated).
same() {
  local words=$1 task=$2 a b word; shift 2
  a=$("$WHET" predict "run-$task" "$@" --json); b=$("$WHET" predict "model-$task" "$@" --json)
  [ "$a" = "$b" ] || bad "$task: the export says $b, the run $a"
  local IFS='|'
  for word in $words; do case $a in *"$word"*) ;; *) bad "$task: \"$word\" is not in $a"; return ;; esac; done
  ok "$task: predict"
}

for i in $(seq 12); do
  for who in anna ben carla; do
    printf '%s\tB-PER\nlives\tO\nin\tO\nnew\tB-LOC\nyork\tI-LOC\nnear\tO\nhouse\tO\n%s\tO\n\n' $who $i
    printf 'house\tO\n%s\tO\nis\tO\nfor\tO\n%s\tB-PER\n\n' $i $who
  done
done >tags.conll
learn token-classification conll tags.conll 6 ''
above entity_f1 0.99
same '"entities":[{"text":"ben","type":"PER","begin":0,"end":3|"text":"new york","type":"LOC","begin":13,"end":21' \
  token-classification "ben lives in new york near house 7"

for i in $(seq 40); do
  printf '%d\tgood\tgood good\n%d\tbad\tgood bad\n' 4 1
  printf '%d.5\tred house %d\tred house\n' 2 $i
done >pairs.tsv
learn regression tsv pairs.tsv 8 ', "columns": ["score", "a", "b"], "text": "a", "text_pair": "b", "label": "score"'
above pearson 0.99
same '"score":' regression good "good good"

{ printf '{"data": ['
  for i in $(seq 30); do
    [ $i = 1 ] || printf ','
    case $((i % 3)) in 0) city=paris ;; 1) city=rome ;; *) city=london ;; esac
    context=$(printf 'word %.0s' $(seq $((i * 2))))"the train number $i goes to $city every day"
    printf '{"title": "t%d", "paragraphs": [{"context": "%s", "qas": [{"id": "%d", "question": "where does it go ?", "answers": [{"text": "%s", "answer_start": %d}]}]}]}' \
      $i "$context" $i $city $(( ${#context} - ${#city} - 10 ))
  done
  printf ']}'; } >questions.json
learn question-answering squad questions.json 20 ', "stride": 8'
above f1 0.95
same '"answer":"rome","begin":' question-answering "where does it go ?" "$(printf 'word %.0s' $(seq 70))the train number 9 goes to rome every day"
refuses "a question without a text" 2 "judges pairs|question" "$WHET" predict run-question-answering "where ?"
refuses "a metric of another task" 2 "metric_for_best_model|entity_f1" "$WHET" train token-classification.json --output_dir other \
  --validation 0.2 --metric_for_best_model pearson
done_
