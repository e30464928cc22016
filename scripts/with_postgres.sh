#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own on loopback: NMT_TEST_POSTGRES_URL names its database.
# Without PostgreSQL on the machine the command runs all the same, on SQLite alone; on CI that is a failure.
set -euo pipefail

bin=$(dirname "$(command -v pg_ctl || true)")
for found in /usr/lib/postgresql/*/bin; do
    [ -x "$found/initdb" ] && bin=$found
done
if [ -n "${NMT_TEST_POSTGRES_URL:-}" ] || [ ! -x "$bin/initdb" ]; then
    if [ -z "${NMT_TEST_POSTGRES_URL:-}" ]; then
        echo "There is no PostgreSQL here; the store is tested on SQLite alone." >&2
        [ "${CI:-}" = true ] && exit 1
    fi
    exec "$@"
fi

# The server refuses to run as root.
as=()
if [ "$(id -u)" -eq 0 ]; then
    id postgres >/dev/null 2>&1 || useradd --system --no-create-home postgres
    as=(runuser -u postgres --)
fi
home=$(mktemp -d)
chmod 755 "$home"
[ "$(id -u)" -eq 0 ] && chown postgres "$home"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

stop() {
    (cd / && "${as[@]}" "$bin/pg_ctl" --pgdata "$home/data" --mode immediate stop >/dev/null 2>&1) || true
    rm -rf "$home"
}
trap stop EXIT

(
    cd /
    "${as[@]}" "$bin/initdb" --pgdata "$home/data" --username nmt --auth trust --encoding UTF8 >/dev/null
    "${as[@]}" "$bin/pg_ctl" --pgdata "$home/data" --log "$home/log" --wait \
        --options "-h 127.0.0.1 -p $port -k $home -c fsync=off" start >/dev/null
)
NMT_TEST_POSTGRES_URL="postgresql+psycopg://nmt@127.0.0.1:$port/postgres" "$@"
