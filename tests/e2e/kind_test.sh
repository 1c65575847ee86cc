#!/usr/bin/env bash
# Every mistake a user can make: one sentence with the place and the remedy, the right exit code, nothing half-written.
. "$(dirname "$0")/lib.sh"
tiny_job "$tmp/a"; cd "$tmp/a"
train=("$WHET" train)

job() { sed "$1" job.json >"$2"; }            # a changed copy of the job

job 's/"learning_rate"/"learning_rte"/' unknown.json
refuses "unknown key" 2 "unknown.json:5: train.learning_rte|did you mean learning_rate?|try:" "${train[@]}" unknown.json
job 's/"learning_rate": 2e-3/"learning_rate": "fast"/' type.json
refuses "wrong type" 2 "type.json:5: train.learning_rate|must be a number" "${train[@]}" type.json
job 's/"hidden_size": 32/"hidden_size": 33/' heads.json
refuses "heads do not divide" 2 "hidden_size 33 is not a multiple|try:" "${train[@]}" heads.json
job 's/"num_train_epochs": 3/"num_train_epochs": -3/' range.json
refuses "out of range" 2 "range.json:5: train.num_train_epochs|out of range|use a value from" "${train[@]}" range.json
job 's/"task": "sequence-classification"/"task": "sequence-clasification"/' task.json
refuses "misspelt task" 2 "sequence-clasification|did you mean sequence-classification?" "${train[@]}" task.json
echo '{ "name": "x", ' >cut.json
refuses "config cut off" 2 "cut.json:" "${train[@]}" cut.json
refuses "missing config" 1 "nowhere.json|check the path" "${train[@]}" nowhere.json
job 's/"train.jsonl"/"gone.jsonl"/' missing.json
refuses "missing data file" 1 "gone.jsonl|try:" "${train[@]}" missing.json
: >empty.jsonl; job 's/"train.jsonl"/"empty.jsonl"/' empty.json
refuses "empty data set" 1 "empty.jsonl|try:" "${train[@]}" empty.json
job 's/"validation": 0.2/"label": "intent"/' column.json
refuses "missing column" 1 "train.jsonl:1|intent|try:" "${train[@]}" column.json
refuses "unknown flag" 2 "learnin_rate|did you mean" "${train[@]}" job.json --learnin_rate 3
refuses "unknown verb" 2 "trian|did you mean" "$WHET" trian job.json
refuses "no arguments" 2 "needs|try:" "$WHET" eval
job "s|$root/configs/demo/vocab.txt|none.txt|" novocab.json
refuses "missing vocabulary" 1 "none.txt" "${train[@]}" novocab.json
job 's/"hidden_size": 32/"vocab_size": 100, "hidden_size": 32/' vocab.json
refuses "vocabulary of the wrong size" 2 "the tokenizer has 4000 tokens, the model's vocab_size is 100|try:" "${train[@]}" vocab.json

{ echo "text,label"; for i in $(seq 2 4710); do echo "row $i,a"; done; echo '"never closed,b'; for i in $(seq 100); do echo "more $i,b"; done; } >quote.csv
job 's/"train.jsonl"/"quote.csv"/' quote.json
refuses "broken quote at line 4711" 1 "quote.csv:4711|try:" "${train[@]}" quote.json

echo '{"text": "   ", "label": "where"}' | cat train.jsonl - >blank.jsonl; job 's/"train.jsonl"/"blank.jsonl"/' blank.json
refuses "empty text" 1 "blank.jsonl:41|try:" "${train[@]}" blank.json
[ ! -e run ] && ok "nothing was written so far" || bad "a refused job left a run folder"
"${train[@]}" blank.json --on_bad_row skip --max_steps 1 --quiet >"$tmp/out" 2>&1 && rm -r run && ok "on_bad_row skip" || bad "on_bad_row skip"

"${train[@]}" job.json --quiet >/dev/null 2>&1 || bad "the tiny job does not train"
refuses "run exists" 1 "exists already|--resume|--overwrite" "${train[@]}" job.json
cp run/checkpoints/last.h5 before.h5
refuses "settings changed on resume" 2 "train.learning_rate has changed|--overwrite" "${train[@]}" job.json --resume --learning_rate 1
cmp -s run/checkpoints/last.h5 before.h5 && ok "a refused resume changes nothing" || bad "a refused resume changed the checkpoint"

echo '{"text": "pay by card", "label": "payment"}' | cat test.jsonl - >unseen.jsonl
refuses "label that training never saw" 1 "unseen.jsonl:9|payment|try:" "$WHET" eval run --data unseen.jsonl
ls run | grep -q unseen && bad "a refused eval left files" || ok "a refused eval leaves nothing"

long=$(printf 'word %.0s' $(seq 10000))
"$WHET" predict run "$long" >"$tmp/out" 2>"$tmp/err" && [ "$(grep -c warning "$tmp/err")" = 1 ] && grep -q "were cut" "$tmp/err" && ok "long text: one warning" || bad "long text: $(cat "$tmp/err")"
refuses "long text refused" 1 "10002 tokens|takes 64|try:" "$WHET" predict run "$long" --truncation error
refuses "predict of an empty text" 1 "the text is empty|try:" "$WHET" predict run "  "
refuses "a model that is not there" 1 "there is no nothing|try:" "$WHET" predict nothing hello

"$WHET" export run --out model >/dev/null || bad "export"
refuses "export exists" 1 "exists already|--overwrite" "$WHET" export run --out model
head -c 20000 model/model.safetensors >cut.safetensors; cp -r model broken; mv cut.safetensors broken/model.safetensors
refuses "truncated safetensors" 1 "model.safetensors|header promises|try:" "$WHET" predict broken hello
cp -r model othervocab; head -500 "$root/configs/demo/vocab.txt" >othervocab/vocab.txt; rm othervocab/tokenizer.json
sed -i 's/"vocab_size":.*/"vocab_size": 500,/' othervocab/config.json
refuses "weights of another vocabulary" 1 "word_embeddings|4000 x 32|500 x 32|try:" "$WHET" predict othervocab hello
printf '\0' | dd of=run/checkpoints/best.h5 bs=1 seek=70000 conv=notrunc 2>/dev/null
refuses "damaged checkpoint" 1 "best.h5" "$WHET" predict run hello

# A full disk: the file may not grow past 64 KiB.
rm -rf run
( ulimit -f 64; trap '' XFSZ; refuses "full disk" 1 "cannot be written|try:" "${train[@]}" job.json; done_ )
[ -z "$(find run -name '*.tmp' -o -name '*.h5' 2>/dev/null)" ] && ok "a full disk leaves no half checkpoint" || bad "a full disk left $(find run -name '*.tmp' -o -name '*.h5')"
"${train[@]}" job.json --resume --quiet >/dev/null 2>&1 && ok "and the run goes on when there is room" || bad "the run does not go on after a full disk"
done_
