#!/usr/bin/env bash
# Sets up what is missing and runs the tests; arguments go to vitest. The last line is `N passed, N failed, N skipped`.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Without root only what makes no sandbox: every --project given must be one of these.
rootless() {
  local projects=0
  while [ $# -gt 0 ]; do
    case $1 in
      --project) shift; case ${1:-} in unit | repo | platforms) projects=1 ;; *) return 1 ;; esac ;;
      --project=unit | --project=repo | --project=platforms) projects=1 ;;
      --project=*) return 1 ;;
    esac
    shift
  done
  [ "$projects" = 1 ]
}

if [ "$(id -u)" -eq 0 ]; then
  bash scripts/setup.sh tests || exit 1
elif rootless "$@"; then
  bash scripts/setup.sh packages || exit 1
else
  echo "The sandbox tests need root: sudo -E env \"PATH=\$PATH\" npm test (without root: npm run test:unit)" >&2
  exit 1
fi

report=.cache/test-report.json
# Made by root in an earlier run: this user's report goes elsewhere.
if ! rm -f "$report" 2>/dev/null || [ ! -w .cache ]; then report=$(mktemp); fi
# Everything the tests make lies in one directory, so that what they leave on this host can be told from what others made.
directory=$(mktemp -d "${TMPDIR:-/tmp}/airlock.XXXXXX") || exit 1
chmod 711 "$directory"
reaper=()
command -v tini >/dev/null 2>&1 && reaper=(tini -s --)
interrupted=0
child=''
interrupt() { interrupted=$1; if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null; fi; }
trap 'interrupt 129' HUP; trap 'interrupt 130' INT; trap 'interrupt 143' TERM
# In the background: a shell runs no trap while it waits for a program in the foreground.
TMPDIR=$directory/ AIRLOCK_TEST_INSTALLATIONS=$directory/installations \
  "${reaper[@]}" bash scripts/node.sh node_modules/vitest/vitest.mjs run --configLoader=native \
  --reporter=default --reporter=json --outputFile.json="$report" "$@" </dev/null &
child=$!
wait "$child"
status=$?
if [ "$interrupted" != 0 ]; then
  echo 'test: interrupted: removing what the tests left on this host' >&2
  status=$interrupted
fi
bash scripts/node.sh scripts/leftovers.ts "$directory" || { [ "$status" != 0 ] || status=1; }
bash scripts/node.sh scripts/summary.ts "$report" "$status" || { [ "$status" != 0 ] || status=1; }
exit "$status"
