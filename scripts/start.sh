#!/usr/bin/env bash
# Sets up what is missing and starts the bot under tini, which reaps what sandboxes leave to it.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [ "$(id -u)" -ne 0 ]; then
  echo "Airlock needs root to make sandboxes: cd $root && sudo -E env \"PATH=\$PATH\" npm start" >&2
  exit 1
fi
bash scripts/setup.sh
flags=(--disable-warning=ExperimentalWarning)
if [ -f .env ]; then flags+=(--env-file=.env); fi
node=(bash scripts/node.sh "${flags[@]}" src/main.ts "$@")
if command -v tini >/dev/null 2>&1; then exec tini -s -- "${node[@]}"; fi
echo 'tini is missing: removing a sandbox may take seconds; install it with: apt-get install -y tini' >&2
exec "${node[@]}"
