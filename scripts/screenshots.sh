#!/usr/bin/env bash
# Pictures of the demo project into docs/screenshots, which the README shows: a service of its own on a free port, filled and stopped again.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
trap 'kill "${service:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cargo build --locked --quiet --bin seatrial
binary=$(realpath "${CARGO_TARGET_DIR:-target}/debug/seatrial")
(cd "$folder" && exec "$binary" serve --demo --listen "127.0.0.1:$port") >"$folder/log" 2>&1 &
service=$!
echo "Filling the demo project, which takes a minute or two"
until grep -q "Sign in as" "$folder/log"; do
  kill -0 "$service" 2>/dev/null || { cat "$folder/log"; exit 1; }
  sleep 1
done
cd web
SEATRIAL_BASE_URL=http://127.0.0.1:$port SEATRIAL_SCREENSHOTS=$OLDPWD/docs/screenshots node screenshots.mjs
