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
      --project) shift; case ${1:-} in unit | repo) projects=1 ;; *) return 1 ;; esac ;;
      --project=unit | --project=repo) projects=1 ;;
      --project=*) return 1 ;;
    esac
    shift
  done
  [ "$projects" = 1 ]
}

if [ "$(id -u)" -eq 0 ]; then
  bash scripts/setup.sh || exit 1
elif rootless "$@"; then
  bash scripts/setup.sh packages || exit 1
else
  echo "The sandbox tests need root: sudo -E env \"PATH=\$PATH\" npm test (without root: npm run test:unit)" >&2
  exit 1
fi

report=.cache/test-report.json
# Made by root in an earlier run: this user's report goes elsewhere.
if ! rm -f "$report" 2>/dev/null || [ ! -w .cache ]; then report=$(mktemp); fi
reaper=()
command -v tini >/dev/null 2>&1 && reaper=(tini -s --)
"${reaper[@]}" bash scripts/node.sh node_modules/vitest/vitest.mjs run --configLoader=native \
  --reporter=default --reporter=json --outputFile.json="$report" "$@"
status=$?
bash scripts/node.sh scripts/summary.ts "$report" "$status"
exit "$status"
