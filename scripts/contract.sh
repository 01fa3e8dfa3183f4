#!/usr/bin/env bash
# Holds the API against its own description: starts the service on an empty database, and lets Schemathesis send what the OpenAPI document allows and
# what it does not. No answer may be a fault of the service, and none may differ from what is described in status, content type or shape.
# Takes the built program as argument (target/debug/seatrial unless given). Needs Python 3.9 or newer with venv; Schemathesis is installed into
# target/contract, at the version in scripts/contract-requirements.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/debug/seatrial}")

venv=target/contract
if ! cmp -s scripts/contract-requirements.txt "$venv/installed"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/contract-requirements.txt
    cp scripts/contract-requirements.txt "$venv/installed"
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/seatrial-contract.XXXXXX")
service=
stop() {
    trap - EXIT
    [ -z "$service" ] || { kill -TERM "$service" && wait "$service"; } 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

export SEATRIAL_ADMIN_EMAIL=admin@localhost SEATRIAL_ADMIN_PASSWORD="contract test passphrase"
export SEATRIAL_DATABASE__URL="$folder/seatrial.db" SEATRIAL_AUTH__TOKEN_KEY_FILE="$folder/seatrial.key"
# Attempts to sign in are limited by address, and all of these come from one.
export SEATRIAL_AUTH__SIGN_IN_ATTEMPTS_PER_MINUTE=10000
"$program" serve --listen 127.0.0.1:0 >"$folder/out" 2>"$folder/log" &
service=$!
url=
for _ in $(seq 100); do
    url=$(sed -n 's/^Seatrial is at //p' "$folder/out")
    [ -z "$url" ] || break
    kill -0 "$service" 2>/dev/null || break
    sleep 0.1
done
[ -n "$url" ] || { cat "$folder/log" >&2; echo "The service did not start; the reason is above." >&2; exit 1; }
"$program" project create contract --name Contract --admin "$SEATRIAL_ADMIN_EMAIL" >/dev/null 2>&1
key=$("$program" key create --project contract --name contract --scope admin 2>/dev/null)

# Every path is below the one project that there is.
"$program" openapi | python3 -c '
import json, sys
document = json.load(sys.stdin)
for operations in document["paths"].values():
    for operation in operations.values():
        for parameter in operation.get("parameters", []):
            if (parameter["in"], parameter["name"]) == ("path", "project"):
                parameter["schema"] = {"type": "string", "const": "contract"}
json.dump(document, sys.stdout)' >"$folder/openapi.json"

# Schemathesis keeps its notes where it runs.
schemathesis=$(realpath "$venv/bin/schemathesis")
cd "$folder"
status=0
"$schemathesis" run "$folder/openapi.json" --url "$url" -H "Authorization: Bearer $key" --no-color --seed 1 \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --phases coverage,fuzzing --max-examples "${SEATRIAL_CONTRACT_EXAMPLES:-10}" --continue-on-failure --suppress-health-check all \
    >"$folder/report" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
    cat "$folder/report" >&2
    grep -F ' ERROR ' "$folder/log" >&2 || true
    echo "The API does not do what its description says; the list is above." >&2
    exit 1
fi
tail -n 12 "$folder/report" | sed -n '/Test cases/,$p'
