#!/usr/bin/env bash
# Computes the figures of the oracles (scripts/oracles.py) with scipy, statsmodels, ville and ddsketch, at the versions in
# scripts/oracles-requirements.txt, installed into target/oracles. With --check it holds them against the committed ones, and where there is no Python
# with venv, or the packages cannot be had (no network, an older Python), it says so and the committed figures are used as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=target/oracles
absent() {
    echo "NOT CHECKED: $1; the committed figures of the oracles are used as they are." >&2
    # To write figures without the oracles is a fault; to test without them is not.
    [ "${2:-}" = "--check" ] && exit 0
    exit 1
}

if ! cmp -s scripts/oracles-requirements.txt "$venv/installed"; then
    command -v python3 >/dev/null || absent "there is no Python here" "${1:-}"
    rm -rf "$venv"
    mkdir -p target
    python3 -m venv "$venv" >/dev/null 2>&1 || absent "this Python cannot make a virtual environment" "${1:-}"
    why=$("$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 15 --only-binary :all: \
        -r scripts/oracles-requirements.txt 2>&1) || {
        rm -rf "$venv"
        absent "the oracles' packages could not be installed ($(tail -n 1 <<<"$why"))" "${1:-}"
    }
    cp scripts/oracles-requirements.txt "$venv/installed"
fi
exec "$venv/bin/python" scripts/oracles.py "$@"
