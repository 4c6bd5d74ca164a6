#!/usr/bin/env bash
# A Ray of your own on this machine: 127.0.0.1 only, asks for a token, takes jobs over HTTP.
#   cluster/local.sh up [options of `ray start`]  |  status  |  down
# EMORAY_CLUSTER names its folder, EMORAY_PORT (and the next one) and EMORAY_DASHBOARD_PORT its ports.
set -euo pipefail
umask 077

usual=/tmp/emoray-cluster-$(id -u)
folder=${EMORAY_CLUSTER:-$usual}
folder=${folder%/}
port=${EMORAY_PORT:-6379}
dashboard=${EMORAY_DASHBOARD_PORT:-8265}
longest=39 # bytes: the system allows a socket 107, and Ray's lie deep below the folder
[[ $(uname) != Darwin ]] || longest=35
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$root/.venv/bin:$PATH

fail() {
  echo "error: $*" >&2
  exit 1
}

check_tools() {
  local tool
  for tool in ps od nohup; do
    command -v "$tool" >/dev/null || fail "$tool must be installed, it was not found: your" \
      "system's package procps has ps, coreutils the others"
  done
}

check_folder() {
  [[ $folder == /* ]] || fail "EMORAY_CLUSTER must be an absolute path, got $folder:" \
    "write $PWD/$folder, or leave it out"
  [[ $folder != *[$'\n\t\'"\\']* ]] || fail "EMORAY_CLUSTER must be a path without quotes," \
    "tabs and line ends, got $(printf %q "$folder"): name another, or leave it out"
}

check_length() {
  local LC_ALL=C # count bytes
  ((${#folder} <= longest)) || fail "EMORAY_CLUSTER must be at most $longest bytes long, as Ray's" \
    "sockets lie below it, got ${#folder}: name a shorter one such as $usual"
}

check_ports() {
  local name
  for name in EMORAY_PORT EMORAY_DASHBOARD_PORT; do
    local value=$port
    [[ $name == EMORAY_PORT ]] || value=$dashboard
    [[ $value =~ ^[1-9][0-9]{3,4}$ ]] && ((value >= 1024 && value <= 65534)) ||
      fail "$name must be a whole number in 1024..65534, got '$value': choose another"
  done
  ((dashboard != port && dashboard != port + 1)) || fail "EMORAY_DASHBOARD_PORT must differ from" \
    "EMORAY_PORT and the one after it, got $dashboard and $port: choose another"
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
export RAY_AUTH_TOKEN_PATH=$(printf %q "$folder/token")
export RAY_API_SERVER_ADDRESS=http://127.0.0.1:$1
END
}

say_how_to_submit() {
  local of=
  [[ $folder == "$usual" ]] || of="EMORAY_CLUSTER=$(printf %q "$folder") "
  cat <<END
Ray runs on 127.0.0.1. In your shell, once:

$(sed 's/^/    /' "$folder/environment")

Then:

    $(printf %q "$root/cluster/submit.sh") -- python -m jobs.sweep --out $(printf %q "$root/results")
    $of$(printf %q "$root/cluster/local.sh") down
END
}

make_folder() {
  mkdir -p "$folder" 2>/dev/null || fail "the cluster's folder must be one that can be made, got" \
    "$folder: name another with EMORAY_CLUSTER" # umask 077: a new one is closed to others
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
  check_length
  check_ports
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

check_tools
check_folder
case ${1:-} in
  up) up "${@:2}" ;;
  down) down ;;
  status) status ;;
  *) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" && exit 2 ;;
esac
