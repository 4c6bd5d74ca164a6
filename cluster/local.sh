#!/usr/bin/env bash
# A Ray of your own on this machine: 127.0.0.1 only, asks for a token, takes jobs over HTTP.
#   cluster/local.sh up [options of `ray start`]  |  status  |  down
# EMORAY_CLUSTER names its folder, EMORAY_PORT (and the next one) and EMORAY_DASHBOARD_PORT its ports.
set -euo pipefail
umask 077

folder=${EMORAY_CLUSTER:-/tmp/emoray-cluster-$(id -u)} # short: Ray's sockets lie below it
port=${EMORAY_PORT:-6379}
dashboard=${EMORAY_DASHBOARD_PORT:-8265}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$root/.venv/bin:$PATH

fail() {
  echo "error: $*" >&2
  exit 1
}

# The process that `up` left behind; nothing when it is gone or its number is another's by now.
head_pid() {
  local pid
  pid=$(cat "$folder/pid" 2>/dev/null) || return 0
  case $(ps -p "$pid" -o command= 2>/dev/null) in
    *"--temp-dir=$folder/ray"*) echo "$pid" ;;
  esac
}

busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

environment() {
  cat <<END
export RAY_AUTH_MODE=token
export RAY_AUTH_TOKEN_PATH=$folder/token
export RAY_API_SERVER_ADDRESS=http://127.0.0.1:$1
END
}

say_how_to_submit() {
  cat <<END
Ray runs on 127.0.0.1. In your shell, once:

$(sed 's/^/    /' "$folder/environment")

Then, in $root:

    ray job submit --working-dir . --runtime-env cluster/runtime-env.yaml -- \\
      python -m jobs.sweep --out $root/results
    cluster/local.sh down
END
}

make_folder() {
  mkdir -p "$folder" # umask 077: a new one is closed to others
  [[ -O $folder && ! -L $folder ]] || fail "the cluster's folder must be yours, got $folder:" \
    "name another with EMORAY_CLUSTER"
  chmod 700 "$folder"
  [[ -s $folder/token ]] || head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$folder/token"
  chmod 600 "$folder/token"
}

up() {
  if [[ -n $(head_pid) ]]; then
    say_how_to_submit
    return
  fi
  command -v ray >/dev/null || fail "ray was not found: run \`make sweep\` once, it installs it"
  local taken
  for taken in "$port" $((port + 1)) "$dashboard"; do
    ! busy "$taken" || fail "port $taken must be free: stop what listens there," \
      "or choose others with EMORAY_PORT and EMORAY_DASHBOARD_PORT"
  done
  make_folder
  unset RAY_ADDRESS RAY_AUTH_TOKEN
  export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$folder/token
  export RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 # how Ray is told to keep to 127.0.0.1
  export RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO=0
  set -m # a process group of its own, which `down` can end as a whole
  nohup ray start --head --block --disable-usage-stats --temp-dir="$folder/ray" \
    --node-ip-address=127.0.0.1 --port="$port" --ray-client-server-port=$((port + 1)) \
    --min-worker-port=0 --max-worker-port=0 --dashboard-agent-listen-port=0 \
    --include-dashboard=true --dashboard-host=127.0.0.1 --dashboard-port="$dashboard" "$@" \
    >"$folder/log" 2>&1 </dev/null &
  echo $! >"$folder/pid"
  set +m
  environment "$dashboard" >"$folder/environment"
  local waited
  for ((waited = 0; waited < 300; waited++)); do
    kill -0 $! 2>/dev/null || fail "Ray ended while starting: $(tail -n 3 "$folder/log")"
    if grep -q "Ray runtime started" "$folder/log"; then
      say_how_to_submit
      return
    fi
    sleep 0.2
  done
  down
  fail "Ray was not ready after a minute, see $folder/log"
}

down() {
  local pid waited
  pid=$(head_pid)
  if [[ -z $pid ]]; then
    echo "nothing runs in $folder"
    return
  fi
  kill -TERM "$pid" 2>/dev/null || true
  for ((waited = 0; waited < 100; waited++)); do
    [[ -n $(head_pid) ]] || break
    sleep 0.1
  done
  kill -KILL -- "-$pid" 2>/dev/null || true
  rm -rf "$folder/pid" "$folder/environment" "$folder/ray"
  echo "stopped the Ray of $folder"
}

status() {
  if [[ -z $(head_pid) ]]; then
    echo "nothing runs in $folder"
    return 3
  fi
  say_how_to_submit
}

case ${1:-} in
  up) up "${@:2}" ;;
  down) down ;;
  status) status ;;
  *) sed -n '2,4s/^# //p' "$0" && exit 2 ;;
esac
