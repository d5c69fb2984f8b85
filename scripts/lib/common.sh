# shellcheck shell=bash
# What the scripts share. Each sources it first. Sets ROOT, the top of the source tree.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Messages go to stderr: a script's stdout is its result.
say() { printf '== %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Prints the comment at the top of the calling script, which is its help.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# Configures a preset and builds the given targets, or all if none are given. Quiet unless it fails or compiles.
build() {
    local preset=$1
    shift
    local log
    log=$(mktemp)
    (cd "$ROOT" && cmake --preset "$preset" "${CMAKE_OPTIONS[@]}") >"$log" 2>&1 || {
        cat "$log" >&2
        rm -f "$log"
        die "cmake --preset $preset failed; scripts/setup installs the packages that it needs"
    }
    rm -f "$log"
    local targets=()
    (($#)) && targets=(--target "$@")
    (cd "$ROOT" && cmake --build --preset "$preset" "${targets[@]}") >&2
}
CMAKE_OPTIONS=()

# True if /proc/cpuinfo lists all of these CPU flags.
cpu_has() {
    local flag
    for flag; do
        grep -m1 '^flags' /proc/cpuinfo | grep -qw -- "$flag" || return 1
    done
}
