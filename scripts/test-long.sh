#!/usr/bin/env bash
# Fuzz targets, BUDGET each (default 2m), then a long simulation. Hours if you let it.
set -euo pipefail
cd "$(dirname "$0")/.."
budget=${BUDGET:-2m}
for pkg in $(go list ./...); do
  for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
    echo "== $pkg $target ($budget)"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$budget" -fuzzminimizetime 10x "$pkg"
  done
done
go test -timeout 10h ./sim -sim.seeds "${SEEDS:-5000}"
