#!/usr/bin/env bash
# Looks at everything in deploy/, at the Dockerfile, the YAML and the scripts, without a cluster and
# without a Docker daemon. A check that cannot be made here is said, never silently passed over.
# shellcheck disable=SC2329  # functions are called through `run`
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/.tools/venv/bin:$PATH
failed=0
skipped=0

has() { command -v "$1" >/dev/null 2>&1; }
run() { # what is checked, then the command
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        printf 'ok       %s\n' "$what"
    else
        printf 'FAIL     %s\n%s\n' "$what" "$output"
        failed=1
    fi
}
skip() {
    printf 'SKIPPED  %s: %s\n' "$1" "$2"
    skipped=$((skipped + 1))
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Kubernetes: what kustomize builds, against the strict schemas of the oldest version whose native
# sidecars are final and of the newest one known.
build_kustomize() { kubectl kustomize deploy/kubernetes >"$work/kubernetes.yaml"; }
if has kubectl; then
    run 'deploy/kubernetes builds' build_kustomize
else
    skip 'deploy/kubernetes builds' 'kubectl is not installed; its files are looked at one by one'
    cat deploy/kubernetes/deployment.yaml deploy/kubernetes/service.yaml |
        sed 's/^apiVersion:/---\n&/' >"$work/kubernetes.yaml"
fi
if has kubernetes-validate; then
    run 'deploy/kubernetes fits Kubernetes 1.33, strictly' \
        kubernetes-validate --strict -k 1.33 "$work/kubernetes.yaml"
    run 'deploy/kubernetes fits the newest Kubernetes known, strictly' \
        kubernetes-validate --strict "$work/kubernetes.yaml"
else
    skip 'deploy/kubernetes fits the schemas' 'kubernetes-validate is not installed'
fi

# What no schema says.
no_subpath() { ! grep -rn 'subPath:' deploy/kubernetes; }
run 'no ConfigMap is mounted by subPath' no_subpath
numeric_target() { ! grep -rnE 'targetPort: *[^0-9 ]' deploy/kubernetes; }
run 'targetPort is numeric' numeric_target

if has hadolint; then
    run 'Dockerfile' hadolint Dockerfile
else
    skip 'Dockerfile' 'hadolint is not installed'
fi
if docker compose version >/dev/null 2>&1; then
    run 'deploy/compose' docker compose -f deploy/compose/compose.yaml config --quiet
else
    skip 'deploy/compose' 'docker compose is not installed; only its YAML is looked at'
fi
if docker info >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; then
    run 'Dockerfile is accepted by the builder' docker build --check .
else
    skip 'Dockerfile is accepted by the builder' 'no Docker daemon with buildx'
fi

if has yamllint; then
    run 'YAML style' yamllint --strict .
else
    skip 'YAML style' 'yamllint is not installed'
fi

mapfile -t configs < <(find deploy -name forebay.yaml | sort)
schema=config/forebay.schema.json
if [ ! -f "$schema" ]; then
    skip "${configs[*]}" "$schema is not there; write it with make gen"
elif has check-jsonschema; then
    run "${configs[*]}" check-jsonschema --schemafile "$schema" "${configs[@]}"
else
    skip "${configs[*]}" 'check-jsonschema is not installed'
fi

if has shellcheck; then
    run 'shell scripts' shellcheck tools/*.sh .ci/run
else
    skip 'shell scripts' 'shellcheck is not installed'
fi

if [ "$skipped" -gt 0 ]; then
    printf 'deploy-valid: %d checks could not be made here\n' "$skipped"
fi
exit "$failed"
