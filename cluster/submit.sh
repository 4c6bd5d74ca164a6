#!/usr/bin/env bash
# `ray job submit` of this checkout, from any folder: its code travels, and the commit it stands at,
# which tables name. Options before -- are those of `ray job submit`.
#   cluster/submit.sh [--no-wait …] -- python -m jobs.sweep --out s3://bucket/results
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$root/.venv/bin:$PATH

options=()
while [[ $# -gt 0 && $1 != -- ]]; do
  options+=("$1")
  shift
done
if [[ $# -lt 2 ]]; then
  sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"
  exit 2
fi
shift
command -v ray >/dev/null || {
  echo "error: ray must be installed here to hand in a job, it was not found: run \`make sweep\` once" >&2
  exit 1
}

commit=()
if git -C "$root" ls-files --error-unmatch cluster/submit.sh &>/dev/null; then
  hash=$(git -C "$root" rev-parse HEAD)
  [[ -z $(git -C "$root" status --porcelain) ]] || hash+=-dirty
  # exec: a shell in between would take the signal that stops the job, and end before it.
  commit=(exec env "EMORAY_COMMIT=$hash")
fi
cd "$root"
exec ray job submit --working-dir . --runtime-env cluster/runtime-env.yaml \
  ${options[@]+"${options[@]}"} -- ${commit[@]+"${commit[@]}"} "$@"
