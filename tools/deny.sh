#!/usr/bin/env bash
# Licences, bans and sources of every dependency, where cargo-deny is installed.
# Advisories are left out: their database is not reachable from everywhere.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if cargo deny --version >/dev/null 2>&1; then
    cargo deny check bans licenses sources
else
    printf 'deny: SKIPPED, cargo-deny is not installed (cargo install --locked cargo-deny)\n'
fi
