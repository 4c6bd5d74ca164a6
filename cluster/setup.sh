#!/usr/bin/env bash
# Make this machine a node: emoray and its libraries, in the versions of constraints.txt.
#   cluster/setup.sh    installs into ~/emoray-venv, or into the folder that EMORAY_VENV names
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${EMORAY_VENV:-$HOME/emoray-venv}

python=$(command -v python3.12 || command -v python3.11 || command -v python3)
"$python" -c 'import sys; assert sys.version_info >= (3, 11), "emoray needs Python 3.11 or newer"'
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  sudo apt-get update -qq
  sudo apt-get install -y -qq --no-install-recommends \
    "$("$python" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')"
fi
[[ -x $venv/bin/python ]] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --constraint constraints.txt ".[glove,bert,translate]"
"$venv/bin/ray" --version
