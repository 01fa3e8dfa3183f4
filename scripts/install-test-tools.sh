#!/usr/bin/env bash
# Makes sure that the programs the test suite needs are on this machine: PostgreSQL's server binaries and Chromium.
# Installs what is missing with apt-get, as root or through sudo that asks no password. Where neither works it prints the exact
# command and fails, so that a missing program is never a skipped test. With SEATRIAL_PRINT=postgres_bin|browser it then prints where that is.
set -euo pipefail

# The newest PostgreSQL server on this machine, as the folder of its binaries; empty where there is none.
postgres_bin() {
    if [ -n "${SEATRIAL_TEST_POSTGRES_BIN:-}" ]; then
        echo "$SEATRIAL_TEST_POSTGRES_BIN"
        return
    fi
    local newest
    newest=$(find /usr/lib/postgresql -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -n 1)
    if [ -n "$newest" ]; then
        dirname "$newest"
    elif command -v initdb >/dev/null; then
        dirname "$(readlink -f "$(command -v initdb)")"
    fi
}

browser() {
    local name
    for name in "${SEATRIAL_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if [ -n "$name" ] && command -v "$name" >/dev/null; then
            command -v "$name"
            return
        fi
    done
}

missing=()
[ -n "$(postgres_bin)" ] || missing+=(postgresql)
[ -n "$(browser)" ] || missing+=(chromium)

if [ ${#missing[@]} -gt 0 ]; then
    command="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    # A server package would start a cluster of its own; the suite only wants the programs.
    policy=/usr/sbin/policy-rc.d
    if ! command -v apt-get >/dev/null; then
        echo "The tests need: ${missing[*]}. There is no apt-get here: install them with this system's package manager and run again." >&2
        exit 1
    elif [ "$(id -u)" -eq 0 ]; then
        run=(env)
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        run=(sudo -n env)
    else
        echo "The tests need: ${missing[*]}. Not root, and sudo wants a password. Run this, then try again:" >&2
        echo "  sudo sh -c '$command'" >&2
        exit 1
    fi
    echo "Installing for the tests: ${missing[*]}" >&2
    made_policy=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${run[@]}" tee "$policy" >/dev/null
        "${run[@]}" chmod 755 "$policy"
        made_policy=yes
    fi
    status=0
    {
        "${run[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q update &&
            "${run[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}"
    } </dev/null >&2 || status=$?
    [ -z "$made_policy" ] || "${run[@]}" rm -f "$policy"
    if [ "$status" -ne 0 ]; then
        echo "Installing failed. Run this, then try again:  $command" >&2
        exit 1
    fi
fi

[ -n "$(postgres_bin)" ] || { echo "PostgreSQL's initdb was not found after installing it. Set SEATRIAL_TEST_POSTGRES_BIN to the folder that has it." >&2; exit 1; }
[ -n "$(browser)" ] || { echo "Chromium was not found after installing it. Set SEATRIAL_TEST_CHROMIUM to its path." >&2; exit 1; }

case "${SEATRIAL_PRINT:-}" in
"") ;;
postgres_bin | browser) "$SEATRIAL_PRINT" ;;
*)
    echo "SEATRIAL_PRINT is $SEATRIAL_PRINT, expected postgres_bin or browser" >&2
    exit 2
    ;;
esac
