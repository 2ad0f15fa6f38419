#!/usr/bin/env bash
# Sets up what is missing and runs the benchmarks, one after the other; a word chooses those whose name contains it.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [ "$(id -u)" -ne 0 ]; then
  echo "The benchmarks make sandboxes and need root: sudo -E env \"PATH=\$PATH\" npm run bench" >&2
  exit 1
fi
bash scripts/setup.sh
status=0
for file in bench/*"${1:-}"*.bench.ts; do
  [ -f "$file" ] || { echo "no benchmark is called *${1:-}*" >&2; exit 1; }
  tini -s -- bash scripts/node.sh --disable-warning=ExperimentalWarning --max-semi-space-size=2 "$file" || status=1
done
exit "$status"
