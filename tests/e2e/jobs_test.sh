#!/usr/bin/env bash
# Every kind of job from its config to an answer: classification, pairs, pretraining, embedding; the plan against what a run
# really takes; a run repeated from its own config.json; the schema of configs.
. "$(dirname "$0")/lib.sh"
tiny_job "$tmp/a"; cd "$tmp/a"
value() { grep -o "\"$2\":[-0-9.e]*" "$1" | tail -1 | cut -d: -f2; }

# classification: 60 steps are enough to tell two kinds of sentence apart
"$WHET" train job.json --num_train_epochs 15 --quiet --json >train.out
[ "$(wc -l <train.out)" = 1 ] && grep -q '"best_checkpoint"' train.out && ok "train --json: one object" || bad "train --json: $(cat train.out)"
"$WHET" eval run --split test --json >eval.out 2>/dev/null
grep -q '"accuracy":{"value":1,' eval.out && ok "a tiny model learns a tiny task" || bad "test accuracy: $(cut -c1-200 eval.out)"
[ "$(wc -l <run/predictions-test.jsonl)" = 8 ] && [ -s run/eval-test.json ] && ok "eval writes its report and predictions" || bad "eval files"
"$WHET" export run --out model >/dev/null && [ -s model/parity.json ] && ok "export proves itself" || bad "export"
a=$("$WHET" predict run "where is parcel number 7 now" --json); b=$("$WHET" predict model "where is parcel number 7 now" --json)
[ "$a" = "$b" ] && [[ $a == '{"label":"where"'* ]] && ok "run and export predict the same" || bad "predict: $a and $b"
printf '{"text": "where is it"}\n{"text": "send it back please"}\n' >in.jsonl
[ "$("$WHET" predict model --input in.jsonl --json | wc -l)" = 2 ] && ok "predict a file" || bad "predict a file"
"$WHET" train run/config.json --output_dir repeated --quiet 2>/dev/null
cmp <("$WHET" inspect run/checkpoints/best.h5 --json | head -c 3000) <("$WHET" inspect repeated/checkpoints/best.h5 --json | head -c 3000) >/dev/null &&
  [ "$("$WHET" predict repeated "where is it" --json)" = "$("$WHET" predict run "where is it" --json)" ] && ok "config.json repeats the run" || bad "config.json does not repeat the run"

# frozen parameters stay as they were
"$WHET" train job.json --output_dir frozen --freeze '*embeddings*' --freeze_layers 1 --max_steps 4 --quiet
"$WHET" export frozen --out frozen.model --checkpoint last >/dev/null
"$WHET" inspect frozen.model >/dev/null && ok "freezing" || bad "freezing"

# pairs
{ for i in $(seq 20); do echo "first $i,shoes number $i,same"; echo "red $i,a blue house,other"; done; } | sed '1i a,b,label' >pairs.csv
sed 's/"sequence-classification"/"sentence-pair"/; s/train.jsonl/pairs.csv/; s/"test": "test.jsonl"/"text": "a", "text_pair": "b"/; s/"output_dir": "run"/"output_dir": "pairs"/' job.json >pairs.json
"$WHET" train pairs.json --quiet && "$WHET" predict pairs "red 3" "a blue house" >/dev/null && ok "sentence pairs" || bad "sentence pairs"

# pretraining on plain text, whole words hidden; the mask is filled; the encoder gives embeddings and starts a classifier
sed -E 's/.*"text": "([^"]*)".*/\1/' train.jsonl >text.txt
cat >mlm.json <<JSON
{ "include": "job.json", "name": "mlm", "task": "masked-lm", "output_dir": "mlm", "data": { "train": "text.txt", "format": "text", "test": "text.txt" },
  "train": { "whole_word_mask": true, "num_train_epochs": 120, "max_batch_tokens": 256, "learning_rate": 3e-3 } }
JSON
"$WHET" train mlm.json --quiet && "$WHET" eval mlm --split test --json >mlm.out 2>/dev/null
awk -v p="$(grep -o '"perplexity":{"value":[0-9.]*' mlm.out | cut -d: -f3)" 'BEGIN { exit !(p > 1 && p < 30) }' && ok "pretraining: perplexity $(grep -o '"perplexity":{"value":[0-9.]*' mlm.out | cut -d: -f3)" || bad "pretraining: $(cut -c1-200 mlm.out)"
"$WHET" predict mlm "where is [MASK] number 7 now" --json | grep -q '"token":"parcel"' && ok "the mask is filled" || bad "mask: $("$WHET" predict mlm "where is [MASK] number 7 now" --json)"
"$WHET" prepare job.json --augment mlm:0.5 --augment_model mlm --prepared augmented --json 2>/dev/null | grep -q '"augmented":[1-9]' && ok "augmented by a language model" || bad "augmented by a language model"
"$WHET" predict mlm "where is it" --task embedding --json | grep -q '^{"embedding":\[' && ok "an embedding of it" || bad "embedding"
"$WHET" export mlm --out mlm.model >/dev/null && sed 's/"tokenizer": [^,]*,/"from": "mlm.model",/; s/"output_dir": "run"/"output_dir": "tuned"/' job.json >tuned.json
"$WHET" train tuned.json --quiet 2>/dev/null && ok "fine-tuning a pretrained export" || bad "fine-tuning a pretrained export"

# the plan: what memory a run really took, within a tenth
sed 's/"hidden_size": 32/"hidden_size": 256/; s/"intermediate_size": 64/"intermediate_size": 1024/; s/"num_hidden_layers": 2/"num_hidden_layers": 6/; s/"output_dir": "run"/"output_dir": "big"/' job.json >big.json
"$WHET" plan big.json --per_device_train_batch_size 32 --json >plan.out
"$WHET" train big.json --per_device_train_batch_size 32 --max_steps 2 --save_strategy no --eval_strategy no --quiet
planned=$(awk -v b="$(value plan.out total)" 'BEGIN { print b / 1048576 }'); took=$(value big/metrics.jsonl memory_mib)
awk -v a="$planned" -v b="$took" 'BEGIN { exit !(a > 0.9 * b && a < 1.1 * b) }' && ok "plan: $planned MiB, took $took" || bad "plan: $planned MiB, took $took"

"$WHET" inspect --schema >schema.json
cmp -s schema.json "$root/configs/job.schema.json" && ok "configs/job.schema.json is current" || bad "run: whet inspect --schema > configs/job.schema.json"
for verb in init prepare tokenizer train eval predict export inspect plan serve; do
  "$WHET" $verb --help >help.out
  grep -q "^usage: whet $verb" help.out || bad "whet $verb --help"
done
"$WHET" --version | grep -q '^whet [0-9]' && ok "help and version" || bad "version"
done_
