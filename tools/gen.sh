#!/usr/bin/env bash
# Writes every file that is made from the code: the JSON Schema and the reference pages.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

generate() { # target, then arguments of forebay
    local target=$1
    shift
    mkdir -p "$(dirname "$target")"
    # Through a neighbour, so that a failure never leaves half a file behind.
    if ! cargo run --quiet --locked -p forebay -- "$@" >"$target.new"; then
        rm -f "$target.new"
        printf 'gen: forebay %s failed; %s is unchanged\n' "$*" "$target" >&2
        exit 1
    fi
    mv "$target.new" "$target"
}

generate config/forebay.schema.json schema
generate docs/reference/policies.md reference policies
generate docs/reference/metrics.md reference metrics
generate docs/reference/shield-rules.md reference shield-rules
