#!/bin/sh
# Builds the runtimes from their hash-pinned locks: `setup.sh` for running, `setup.sh test` adds what tests need.
# Each runtime keeps the hash of its lock in `.locked`; one that is in order is left alone.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bootstrap/bin/uv

fail() {
    echo "setup: $1" >&2
    shift
    for line; do echo "       $line" >&2; done
    exit 1
}

digest() {
    cat "$@" | python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

# in_order STAMP LOCK...: whether the stamp holds the hash of the locks.
in_order() {
    stamp=$1
    shift
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(digest "$@")" ]
}

# installed WHAT COMMAND...: run one step quietly, with a line before and after for a person to follow.
step() {
    what=$1
    shift
    began=$(date +%s)
    printf '  %-10s %s ...\n' setup "$what"
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        fail "$what failed; the lines above say why"
    fi
    printf '  %-10s %s: done in %s s\n' setup "$what" "$(($(date +%s) - began))"
}

runtime() {
    name=$1 version=$2
    shift 2
    in_order ".venv/$name/.locked" "$@" && return
    if ! "$uv" python find --no-project "$version" >/dev/null 2>&1 && ! "$uv" python install "$version" >"$log" 2>&1; then
        cat "$log" >&2
        fail "Python $version is neither on this machine nor could it be downloaded" \
            "Install it with pyenv (pyenv install $version), from your system's packages, or let this machine" \
            "reach the internet; then run make again."
    fi
    rm -f ".venv/$name/.locked" ".venv/$name/.locked-test"
    step "Python $version for the $name" "$uv" venv --quiet --no-project --allow-existing --python "$version" ".venv/$name"
    step "packages of the $name (hash-checked)" \
        "$uv" pip sync --quiet --require-hashes --python ".venv/$name" "$@"
    digest "$@" >".venv/$name/.locked"
}

command -v python3 >/dev/null 2>&1 || fail "there is no python3 on this machine" "Install Python 3 with its venv module."
mkdir -p .venv
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ! in_order .venv/bootstrap/.locked requirements/bootstrap.txt; then
    if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        fail "this Python 3 has no venv module" "On Debian and Ubuntu: apt-get install python3-venv"
    fi
    step "uv, the installer" sh -c 'python3 -m venv --clear .venv/bootstrap &&
        .venv/bootstrap/bin/python -m pip install --quiet --disable-pip-version-check \
            --require-hashes --only-binary :all: -r requirements/bootstrap.txt'
    digest requirements/bootstrap.txt >.venv/bootstrap/.locked
fi

runtime engine 3.10 requirements/engine.txt requirements/encoder.txt
runtime service 3.12 requirements/service.txt requirements/reading.txt requirements/encoder.txt

if [ "${1:-}" = test ] && ! in_order .venv/service/.locked-test requirements/service.txt requirements/test.txt; then
    step "packages of the tests (hash-checked)" \
        "$uv" pip install --quiet --no-deps --require-hashes --python .venv/service -r requirements/test.txt
    digest requirements/service.txt requirements/test.txt >.venv/service/.locked-test
fi
