#!/usr/bin/env bash
# Fuzz targets, BUDGET each (default 2m), then a long simulation, and a short one under the race detector. Hours if you let it.
set -euo pipefail
cd "$(dirname "$0")/.."
budget=${BUDGET:-2m}
for pkg in $(go list ./...); do
  for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
    echo "== $pkg $target ($budget)"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$budget" -fuzzminimizetime 10x "$pkg"
  done
done
echo "== mls: every story in every suite, and mutations"
go test -count=1 -timeout 2h -v -run '^Test' ./mls -mls.all -mls.mutations "${MUTATIONS:-500000}" -mls.seed "${SEED:-$RANDOM}" | grep -E '^(mls|---|FAIL|ok)' | grep -v -- '--- PASS'
go test -timeout 10h ./sim -sim.seeds "${SEEDS:-5000}"
go test -race -short -timeout 2h ./sim
