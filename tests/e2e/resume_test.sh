#!/usr/bin/env bash
# Killed with SIGKILL at random moments (also inside a checkpoint write) and resumed each time, a run ends with the same
# bits as one that was never killed. Also: signals, a finished run, --resume without a checkpoint.
. "$(dirname "$0")/lib.sh"
tiny_job "$tmp/a"; cd "$tmp/a"
args=(--num_train_epochs 12 --save_steps 1 --eval_steps 5 --hidden_size 128 --intermediate_size 512 --threads 2 --quiet)
weights() { "$WHET" export "$1" --checkpoint last --out "$2" --overwrite >/dev/null && sha256sum <"$2/model.safetensors"; }

"$WHET" train job.json "${args[@]}" --output_dir whole
want=$(weights whole whole.model)
"$WHET" train job.json "${args[@]}" --output_dir again
[ "$(weights again again.model)" = "$want" ] && ok "the same seed gives the same bits" || bad "two runs with one seed differ"

kills=0; tries=0; seed=${KILL_SEED:-1}; RANDOM=$seed
"$WHET" train job.json "${args[@]}" --output_dir killed --resume & pid=$!      # no checkpoint yet: starts at step 0
while :; do
  sleep 0.0$((RANDOM % 80 + 10))
  if kill -9 $pid 2>/dev/null; then kills=$((kills + 1)); wait $pid 2>/dev/null || true; else wait $pid && break; fi
  tries=$((tries + 1)); [ $tries -lt 400 ] || { bad "the run never ends"; break; }
  if [ $kills -ge 20 ]; then "$WHET" train job.json "${args[@]}" --output_dir killed --resume; break; fi
  "$WHET" train job.json "${args[@]}" --output_dir killed --resume & pid=$!
done
[ "$(weights killed killed.model)" = "$want" ] && ok "killed $kills times: the same bits" || bad "killed $kills times: other bits"
steps() { grep -o '"step":[0-9]*' "$1/metrics.jsonl"; }
[ "$(steps killed)" = "$(steps whole)" ] && ok "metrics.jsonl has every step once" || bad "metrics.jsonl differs: $(diff <(steps whole) <(steps killed) | head -5)"
[ -z "$(find killed -name '*.tmp')" ] && ok "no temporary files are left" || bad "temporary files: $(find killed -name '*.tmp')"

"$WHET" train job.json "${args[@]}" --output_dir killed --resume && ok "--resume of a finished run succeeds" || bad "--resume of a finished run"

"$WHET" train job.json "${args[@]}" --output_dir asked --num_train_epochs 2000 2>"$tmp/err" & pid=$!
for _ in $(seq 100); do [ -s asked/metrics.jsonl ] && break; sleep 0.05; done
kill -TERM $pid; rc=0; wait $pid || rc=$?
[ $rc = 143 ] && grep -q -- "--resume" "$tmp/err" && [ -e asked/checkpoints/last.h5 ] && ok "SIGTERM: saved, says how to go on, exit 143" || bad "SIGTERM: exit $rc, $(cat "$tmp/err")"
done_
