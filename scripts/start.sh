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
# Most of what a command makes lives for milliseconds: small half-spaces (MiB) keep 20 MB of its garbage out of memory
# and cost no measurable time (npm run bench).
flags=(--disable-warning=ExperimentalWarning --max-semi-space-size=2)
# The first to load changed sources strips their types, and what does that stays in its memory (30 MB): not in the bot's.
prepared=.cache/prepared
if [ ! -e "$prepared" ] || [ -n "$(find src channels package-lock.json -newer "$prepared" -print -quit)" ]; then
  # Where nothing can be kept the bot starts all the same; what cannot be loaded, it will say itself.
  if touch "$prepared" 2>/dev/null; then
    bash scripts/node.sh "${flags[@]}" scripts/prepare.ts >/dev/null 2>&1 || rm -f "$prepared"
  fi
fi
# Few of its threads allocate at once: two arenas of the C library hold less that is free.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
if [ -f .env ]; then flags+=(--env-file=.env); fi
node=(bash scripts/node.sh "${flags[@]}" src/main.ts "$@")
if command -v tini >/dev/null 2>&1; then exec tini -s -- "${node[@]}"; fi
echo 'tini is missing: removing a sandbox may take seconds; install it with: apt-get install -y tini' >&2
exec "${node[@]}"
