#!/usr/bin/env bash
# Runs its arguments with a Node that is new enough (24.12): the machine's own, or the one that setup.sh brought.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

new_enough() {
  [[ $("$1" --version 2>/dev/null) =~ ^v([0-9]+)\.([0-9]+)\. ]] || return 1
  ((BASH_REMATCH[1] > 24 || (BASH_REMATCH[1] == 24 && BASH_REMATCH[2] >= 12)))
}

node=''
for candidate in "$(command -v node || true)" "$root"/.cache/node/node_modules/node-linux-*/bin/node; do
  if [ -x "$candidate" ] && new_enough "$candidate"; then
    node=$candidate
    break
  fi
done
[ -n "$node" ] || { echo 'Node 24.12 or newer is missing: run bash scripts/setup.sh' >&2; exit 1; }

export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$root/.cache/compile}"
# Old runsc hands every inherited descriptor to the sandbox for life, which would hold a caller's pipe open.
for descriptor in /proc/$$/fd/*; do
  descriptor=${descriptor##*/}
  case $descriptor in 0 | 1 | 2 | 255) ;; *) eval "exec $descriptor>&-" ;; esac
done
exec "$node" "$@"
