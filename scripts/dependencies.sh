#!/usr/bin/env bash
# Checks licences, refused crates and sources of all dependencies against deny.toml: with our own reader always, with cargo-deny too where it is
# installed (its advisories need a network, so they are left to whoever has one: cargo deny check).
set -euo pipefail
cd "$(dirname "$0")/.."
node scripts/dependencies.mjs
if command -v cargo-deny >/dev/null; then
    cargo-deny --locked check licenses bans sources
fi
