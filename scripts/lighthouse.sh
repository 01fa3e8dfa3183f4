#!/usr/bin/env bash
# Lighthouse on the pages of the demo project (benches/lighthouse): a service of its own, built for release, on a free port, filled and stopped
# again. Installs Lighthouse from its lock file.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
trap 'kill "${service:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
(
  cd benches/lighthouse
  if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --no-fund --no-audit --loglevel=error
    cp package-lock.json node_modules/.installed
  fi
)
cargo build --release --locked --quiet --bin seatrial
binary=$(realpath "${CARGO_TARGET_DIR:-target}/release/seatrial")
(cd "$folder" && exec "$binary" serve --demo --listen "127.0.0.1:$port") >"$folder/log" 2>&1 &
service=$!
echo "Filling the demo project"
until grep -q "Sign in as" "$folder/log"; do
  kill -0 "$service" 2>/dev/null || { cat "$folder/log"; exit 1; }
  sleep 1
done
SEATRIAL_BASE_URL=http://127.0.0.1:$port node benches/lighthouse/main.mjs
