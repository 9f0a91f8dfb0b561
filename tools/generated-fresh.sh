#!/usr/bin/env bash
# Fails when a generated file is not what the code would write today.
#
# The files are regenerated in place, so that the cure is only to commit them. They are compared
# with what was there before rather than with the last commit: fresh but uncommitted is fresh.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
generated=(config/forebay.schema.json docs/reference/metrics.md docs/reference/policies.md
    docs/reference/shield-rules.md)

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
for file in "${generated[@]}"; do
    if [ -f "$file" ]; then
        mkdir -p "$before/$(dirname "$file")"
        cp "$file" "$before/$file"
    fi
done

tools/gen.sh

stale=0
for file in "${generated[@]}"; do
    if [ ! -f "$before/$file" ]; then
        printf 'generated-fresh: %s was missing\n' "$file" >&2
        stale=1
    elif ! diff -u "$before/$file" "$file" >&2; then
        printf 'generated-fresh: %s was out of date\n' "$file" >&2
        stale=1
    fi
done
if [ "$stale" -ne 0 ]; then
    printf 'generated-fresh: the files above are written anew; commit them\n' >&2
    exit 1
fi
printf 'generated-fresh: %d files match the code\n' "${#generated[@]}"
