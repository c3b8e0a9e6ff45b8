#!/usr/bin/env bash
# Benchmarks: packages, then the server beside a bare baseline, then the page. ROUNDS=5 for calmer medians.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
echo "== packages"
go test -run '^$' -bench . -benchmem -benchtime "${BENCHTIME:-500ms}" ./fernet ./wire ./mls ./client/... ./server/store
echo "== MLS beside its peers, in the same run"
npm --prefix mls/interop/tsmls ci --no-audit --no-fund --silent
(cd mls/interop && go run ./cmd/compare -rounds "${ROUNDS:-3}")
echo "== server, beside a bare baseline in the same run"
go run ./bench -rounds "${ROUNDS:-3}"
echo "== page"
node web/test/load.mjs
