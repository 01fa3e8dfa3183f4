#!/usr/bin/env bash
# Lints the OpenAPI document with Spectral by scripts/spectral/ruleset.yaml; a warning counts as a fault. Installs Spectral from its lock file.
set -euo pipefail
cd "$(dirname "$0")/spectral"
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --no-fund --no-audit --loglevel=error
    cp package-lock.json node_modules/.installed
fi
node_modules/.bin/spectral lint ../../openapi/seatrial.json --ruleset ruleset.yaml --fail-severity=hint
