#!/usr/bin/env bash
# Runs a throw-away PostgreSQL cluster for tests: makes it in a temporary folder, starts it on a Unix socket and a free loopback port, prints its
# URL on one line, and stops and deletes it when standard input ends (or on a signal). Whoever starts it holds the other end of that pipe, so the
# cluster cannot outlive the tests, however they end.
# initdb refuses root: as root the cluster runs as the user `postgres`, or `nobody` where there is none.
set -euo pipefail

bin=$(SEATRIAL_PRINT=postgres_bin bash "$(dirname "$0")/install-test-tools.sh")
folder=$(mktemp -d "${TMPDIR:-/tmp}/seatrial-postgres.XXXXXX")
as=()
if [ "$(id -u)" -eq 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$folder"
    as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups env "HOME=$folder")
fi
run() { (cd "$folder" && exec "${as[@]}" "$@"); }

stop() {
    trap - EXIT
    run "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

# Durability is off: the cluster lives for one test run. What the service itself asks for is the same either way.
if ! run "$bin/initdb" -D "$folder/data" -U seatrial -A trust -E UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1; then
    cat "$folder/initdb.log" >&2
    exit 1
fi
cat >>"$folder/data/postgresql.conf" <<CONF
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
timezone = 'UTC'
log_min_messages = warning
CONF

# Another program may take the port between looking and listening: try a few.
for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    if run "$bin/pg_ctl" -D "$folder/data" -o "-p $port" -l "$folder/server.log" -w -t 60 start >/dev/null 2>&1; then
        started=yes
        break
    fi
done
if [ -z "${started:-}" ]; then
    echo "PostgreSQL did not start:" >&2
    cat "$folder/server.log" >&2
    exit 1
fi
echo "postgres://seatrial@127.0.0.1:$port/postgres"
cat >/dev/null
