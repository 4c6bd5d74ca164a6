#!/usr/bin/env bash
# Is this checkpoint fit to ship? The compression test, then the calibration test; exit code 1 where
# one fails.
#   cluster/validate_model.sh MODEL OUT
# OUT is the folder of all runs: OUT/compressed, OUT/evaluate-float and OUT/evaluate-int8 are made in
# it. MODEL is a folder that `python -m jobs.compress` takes. MIN_MACRO_F1, MAX_ECE and MAX_SIZE_MB are
# the gates of both the float and the int8 artifact; EMORAY_VALIDATE_OPTIONS are for both jobs, e.g.
# `--data FOLDER` or `--corpus sample`.
set -euo pipefail
model=${1:?usage: cluster/validate_model.sh MODEL OUT}
out=${2:?usage: cluster/validate_model.sh MODEL OUT}
read -r -a options <<<"${EMORAY_VALIDATE_OPTIONS:-}"

python -m jobs.compress --model "$model" --scheme float --scheme int8 --out "$out" \
  --name compressed "${options[@]}"
for name in float int8; do
  python -m jobs.evaluate --artifact "$out/compressed/artifacts/$name" --out "$out" \
    --min-macro-f1 "${MIN_MACRO_F1:-0.3}" --max-ece "${MAX_ECE:-0.1}" \
    --max-size-mb "${MAX_SIZE_MB:-120}" "${options[@]}"
done
