#!/usr/bin/env bash
# Runs its arguments with a Node that is new enough (24.12): the machine's own, or the one that setup.sh brought.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
new_enough() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 24 || (a === 24 && b >= 12) ? 0 : 1)' 2>/dev/null; }
if command -v node >/dev/null 2>&1 && new_enough node; then node=$(command -v node); else
  node=''
  for candidate in "$root"/.cache/node/node_modules/node-linux-*/bin/node; do [ -x "$candidate" ] && node=$candidate; done
  [ -n "$node" ] || { echo "Node 24.12 or newer is missing: run bash scripts/setup.sh" >&2; exit 1; }
fi
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$root/.cache/compile}"
exec "$node" "$@"
