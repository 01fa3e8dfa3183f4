#!/usr/bin/env bash
# Runs the whole test suite on this machine, having made sure that it has what it needs: PostgreSQL's binaries, Chromium, the web assets.
# Starts one throw-away PostgreSQL cluster for all of it; every test makes its own database there. Arguments go to the test programs as filters:
# scripts/test.sh gate::
#
# Plain `cargo test`, not nextest: it is there wherever Rust is, it runs the documentation tests too, and the integration tests of one process
# share their browser assets and compiled templates. Two calls, so that the integration suite, the one that decides, closes the output.
set -euo pipefail
cd "$(dirname "$0")/.."

bash scripts/install-test-tools.sh
make --no-print-directory web

if [ -z "${SEATRIAL_TEST_POSTGRES_URL:-}" ]; then
    coproc POSTGRES { exec bash scripts/postgres.sh; }
    postgres=$POSTGRES_PID
    to_postgres=${POSTGRES[1]}
    # Closing the pipe is what stops the cluster; the trap only makes the wait explicit, so that nothing is left when this script returns.
    trap 'exec {to_postgres}>&-; wait "$postgres" 2>/dev/null || true' EXIT
    if ! read -r SEATRIAL_TEST_POSTGRES_URL <&"${POSTGRES[0]}"; then
        echo "The PostgreSQL cluster for the tests did not start; the reason is above." >&2
        exit 1
    fi
    export SEATRIAL_TEST_POSTGRES_URL
fi

if [ $# -eq 0 ]; then
    # Independent figures for the statistics: computed again where Python and its packages can be had, else as committed.
    bash scripts/oracles.sh --check
    # Always --workspace: another choice of packages means another choice of features, and the dependencies would be built again.
    mapfile -t others < <(
        cargo metadata --locked --no-deps --format-version 1 | node -e '
            const { packages } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
            const tests = packages.flatMap((member) => member.targets).filter((target) => target.kind.includes("test") && target.name !== "it");
            for (const { name } of tests) console.log(`--test=${name}`);'
    )
    cargo test --locked --workspace --doc
    cargo test --locked --workspace --lib --bins "${others[@]}"
    cargo build --locked --workspace
    bash scripts/contract.sh
fi
cargo test --locked --workspace --test it -- "$@"
