#!/usr/bin/env bash
# The operator's commands: doctor, audit verify, audit export, config check. Works without root and installs nothing on the host.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
bash scripts/setup.sh packages
flags=(--disable-warning=ExperimentalWarning)
if [ -f .env ]; then flags+=(--env-file=.env); fi
node=(bash scripts/node.sh "${flags[@]}" src/cli.ts "$@")
if command -v tini >/dev/null 2>&1; then exec tini -s -- "${node[@]}"; fi
exec "${node[@]}"
