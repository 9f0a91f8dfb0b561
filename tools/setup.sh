#!/usr/bin/env bash
# Makes sure that what a verb of the Makefile needs is on this machine.
#
#   tools/setup.sh [build|test|bench|deploy]      (default: build)
#
# Idempotent, and quick when nothing is missing. System packages come through apt-get, as root or
# with sudo; where neither works the message names what to install. Python packages go into
# .tools/venv inside the repository and nowhere else.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
need=${1:-build}
venv=.tools/venv

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }

missing=()
want() { # command, Debian package that brings it
    has "$1" || missing+=("$2")
}

want_python() {
    # Debian ships `venv` apart from the interpreter; ensurepip is the part it leaves out.
    if ! has python3 || ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        missing+=(python3 python3-venv)
    fi
}

case $need in
build) ;;
test)
    want curl curl
    want nghttp nghttp2-client
    want h2load nghttp2-client
    want nginx nginx-light
    want_python
    ;;
bench)
    want nginx nginx-light
    want taskset util-linux
    want wrk wrk
    want_python
    ;;
deploy)
    want_python
    ;;
*)
    fail "unknown set '$need'; one of: build, test, bench, deploy"
    ;;
esac

if [ "$need" != deploy ]; then
    has cargo || fail "Rust is missing. Install it from https://rustup.rs (or your distribution, 1.90 or newer) and run this again."
    want cc gcc
    want c++ g++
    want cmake cmake
    want make make
    want pkg-config pkg-config
fi

install_packages() {
    local packages=("$@") as_root=()
    if ! has apt-get; then
        fail "please install: ${packages[*]} (Debian names; this system has no apt-get)"
    fi
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || fail "please install as root: apt-get install ${packages[*]}"
        as_root=(sudo)
    fi
    local nginx_was_here=no
    ! has nginx || nginx_was_here=yes
    say "installing ${packages[*]}"
    local install=(apt-get install -y -q --no-install-recommends)
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" "${packages[@]}" >/dev/null 2>&1; then
        # Most often the package lists are older than the archive.
        "${as_root[@]}" apt-get update -q >/dev/null || fail "apt-get update failed; please install: ${packages[*]}"
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" "${packages[@]}" >/dev/null ||
            fail "apt-get could not install: ${packages[*]}"
    fi
    # The package starts a web server on port 80; the tests only want the program.
    if [ "$nginx_was_here" = no ] && has nginx && [ -d /run/systemd/system ]; then
        "${as_root[@]}" systemctl disable --now nginx >/dev/null 2>&1 || true
    fi
}

if [ ${#missing[@]} -gt 0 ]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    install_packages "${missing[@]}"
fi

# Python packages, pinned in tools/requirements-*.txt; a stamp keeps the second run quick.
python_packages() {
    local list=tools/requirements-$1.txt stamp=$venv/.installed-$1
    if [ -f "$stamp" ] && cmp -s "$list" "$stamp"; then
        return 0
    fi
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv" || return 1
    say "installing the Python packages of $list into $venv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$list" || return 1
    cp "$list" "$stamp"
}

case $need in
test)
    python_packages test || fail "the Python packages of tools/requirements-test.txt could not be installed; the tests against real servers need them"
    ;;
deploy)
    # Not fatal: the validation says what it could not look at.
    python_packages deploy || say "some validators could not be installed; their checks will be reported as skipped"
    ;;
esac

say "everything for '$need' is here"
