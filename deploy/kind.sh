#!/usr/bin/env bash
# The manifests on a real cluster: builds the four images, starts a cluster of kind or k3d, applies the local overlay, and asks
# the simulator's judge, also after the broker was restarted and the loader scaled. The cluster is removed afterwards, unless
# KEEP=1. Where Docker, kind or k3d is missing, it renders the overlays and the chart instead. The last lines say which part ran.
#
# IMAGES=given takes okki/*:local from the engine as they are. Exit code 0: what could run was well; 1: it was not.
set -euo pipefail
cd "$(dirname "$0")/.."

CLUSTER=${CLUSTER:-okki-test}
PARTS=(extractor transformer loader simulator)
KUBECTL=(kubectl)
SIMULATOR=/api/v1/namespaces/okki-local/services/simulator:8080/proxy/sim
ran=()
left=()

say() { printf '== %s\n' "$*"; }

finish() {
    say "ran: ${ran[*]:-nothing}"
    say "did not run: ${left[*]:-nothing}"
}

# What is missing for a cluster, or nothing.
missing() {
    command -v kubectl >/dev/null || { echo "no kubectl"; return; }
    command -v docker >/dev/null || { echo "no Docker"; return; }
    docker info >/dev/null 2>&1 || { echo "no Docker engine that answers"; return; }
    command -v kind >/dev/null || command -v k3d >/dev/null || echo "neither kind nor k3d"
}

rendered() {
    if ! command -v kubectl >/dev/null; then
        left+=("rendering (no kubectl);")
        return
    fi
    local overlay
    for overlay in deploy/k8s/overlays/*/; do
        kubectl kustomize "$overlay" >/dev/null
    done
    ran+=("overlays rendered;")
    if command -v helm >/dev/null; then
        helm template okki deploy/helm/okki -n okki -f deploy/helm/production.values.yaml >/dev/null
        ran+=("chart rendered;")
    else
        left+=("the chart (no helm);")
    fi
}

start_cluster() {
    if command -v kind >/dev/null; then
        kind get clusters 2>/dev/null | grep -qx "$CLUSTER" || kind create cluster --name "$CLUSTER" --wait 120s
        KUBECTL=(kubectl --context "kind-$CLUSTER")
    else
        k3d cluster list "$CLUSTER" >/dev/null 2>&1 || k3d cluster create "$CLUSTER" --wait
        KUBECTL=(kubectl --context "k3d-$CLUSTER")
    fi
}

load_image() {
    if command -v kind >/dev/null; then
        kind load docker-image "$1" --name "$CLUSTER"
    else
        k3d image import "$1" --cluster "$CLUSTER"
    fi
}

remove_cluster() {
    [ "${KEEP:-}" = 1 ] && return
    if command -v kind >/dev/null; then kind delete cluster --name "$CLUSTER"; else k3d cluster delete "$CLUSTER"; fi
}

in_cluster() { "${KUBECTL[@]}" -n okki-local "$@"; }

# Waits until the judge finds everybody in the form and nothing wrong: PATIENCE seconds at most.
judged() {
    local answer='' until=$((SECONDS + ${PATIENCE:-600}))
    while [ "$SECONDS" -lt "$until" ]; do
        answer=$(in_cluster get --raw "$SIMULATOR/judge" || true)
        if python3 -c '
import json, sys
verdict = json.loads(sys.argv[1])
wrong = ("missing", "duplicates", "stale", "blank", "wrong_cells", "extra", "foreign")
sys.exit(verdict["source_customers"] == 0 or any(verdict[name] for name in wrong))' "$answer" 2>/dev/null; then
            echo "$answer"
            return 0
        fi
        sleep 5
    done
    echo "the judge still says: $answer"
    return 1
}

why=$(missing)
if [ -n "$why" ]; then
    left+=("a real cluster ($why);")
    rendered
    finish
    exit 0
fi

trap 'remove_cluster || true' EXIT
if [ "${IMAGES:-}" != given ]; then
    for part in "${PARTS[@]}"; do
        docker build -f deploy/Dockerfile --build-arg SERVICE="$part" \
            ${RUST_IMAGE:+--build-arg RUST_IMAGE="$RUST_IMAGE"} ${RUNTIME_IMAGE:+--build-arg RUNTIME_IMAGE="$RUNTIME_IMAGE"} \
            ${CARGO_MIRROR:+--build-arg CARGO_MIRROR="$CARGO_MIRROR"} -t "okki/$part:local" .
    done
    ran+=("images built;")
fi
start_cluster
for part in "${PARTS[@]}"; do load_image "okki/$part:local"; done
"${KUBECTL[@]}" apply -k deploy/k8s/overlays/local
for part in redis rabbitmq; do in_cluster rollout status "statefulset/$part" --timeout=300s; done
for part in "${PARTS[@]}"; do in_cluster rollout status "deployment/$part" --timeout=300s; done
judged
ran+=("local overlay, judge content;")
in_cluster rollout restart statefulset/rabbitmq
in_cluster scale deployment/loader --replicas=3
in_cluster rollout status statefulset/rabbitmq --timeout=300s
in_cluster create --raw "$SIMULATOR/change" -f - >/dev/null <<<'{"count": 500}'
judged
in_cluster exec deploy/loader -- service doctor
ran+=("judge content after a restart of the broker and with three loaders, doctor well;")
rendered
finish
