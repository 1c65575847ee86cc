#!/usr/bin/env bash
# The main job, from text to an answer over HTTP: installs what is missing, builds, prepares, trains, evaluates, exports,
# predicts, serves.
#   ./demo.sh              fine-tunes the published MiniLM-L6 encoder (fetched once, 84 MB)
#   ./demo.sh --offline    trains a small encoder from scratch instead
set -euo pipefail
cd "$(dirname "$0")"
start=$SECONDS
say() { printf '\n\033[1m== %s\033[0m (%d s)\n' "$1" $((SECONDS - start)); }
run() { printf '$ %s\n' "$*"; "$@"; }
[ -t 1 ] || say() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - start)); }

config=configs/demo/support-desk.json
case ${1:-} in
  --offline) config=configs/demo/support-desk-scratch.json ;;
  '') ;;
  *) sed -n 2,5p "$0"; exit 2 ;;
esac

say "install and build"
tools/install_packages curl
tools/build build -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF
if [ $config = configs/demo/support-desk.json ] && ! tools/get_model minilm-l6; then
  config=configs/demo/support-desk-scratch.json
  echo "the published encoder cannot be had: training a small one from scratch instead"
fi
whet=build/whet
name=$(basename $config .json)
out=exports/$name
job=$SECONDS

say "whet prepare: what is in the data"
run $whet prepare $config --prepared prepared/$name
say "whet train"
run $whet train $config --overwrite
say "whet eval: rows the training never saw"
run $whet eval runs/$name --split test >prepared/$name/eval.txt
head -16 prepared/$name/eval.txt; echo "... (per class: prepared/$name/eval.txt)"
say "whet export: a folder that other tools load, proved equal"
run $whet export runs/$name --out $out --overwrite
say "whet predict"
run $whet predict $out "where the hell is my parcel, it should have come on tuesday" "i'd like to send these shoes back, how does that work" "优惠码怎么用不了"
say "whet serve, and one request"
$whet serve --model $name=$out --port 18080 2>prepared/$name/serve.log &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 50); do curl -fs http://127.0.0.1:18080/readyz >/dev/null 2>&1 && break; sleep 0.1; done
run curl -s http://127.0.0.1:18080/v1/classify -H 'content-type: application/json' \
  -d '{"text": "you charged my card twice for the same order", "top_k": 3}'
echo
kill $server; wait $server || true
trap - EXIT

say "done"
tr -d '\n\t' <runs/$name/eval-test.json | grep -oE '"accuracy":[^}]*}' | tr -c '0-9.\n' ' ' |
  LC_ALL=C awk '{ printf "held-out accuracy %.3f (95 %% interval %.3f to %.3f)\n", $1, $2, $3 }'
cat <<END
The job took $((SECONDS - job)) s after install and build. Written:
  runs/$name          the run: config, metrics, checkpoints, test report and predictions
  $out       the model as a published folder
  prepared/$name      the tokenised data and its report
Go on with:
  $whet predict $out "your own text" --json
  $whet serve --model $name=$out
  $whet train $config --name mine --learning_rate 3e-4
  $whet plan configs/task/banking77.json
END
