#!/usr/bin/env bash
# Everything there is to test, fast things first. FROND_TEST_MARIADB=required makes a missing MariaDB
# a failure, not a skip: on a machine that setup.sh prepared, nothing may be left out silently.
set -euo pipefail
cd "$(dirname "$0")/.."
export FROND_TEST_MARIADB=required FROND_TEST_CHROMIUM=required

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

step "set-up"; scripts/setup.sh
step "build"; make build
step "check"; scripts/check.sh
step "unit, vectors, contracts, simulation, kill test"
go test -timeout 20m ./...
step "MLS: what the official vectors and mutations were"
go test -count=1 -v -run '^Test(OfficialVectors|MutatedCommitsAndWelcomesAreRefused)$' ./mls | grep '^mls '
step "MLS with live peers"
npm --prefix mls/interop/tsmls ci --no-audit --no-fund --silent
(cd mls/interop && go test -timeout 20m ./...)
step "race detector"
go test -race -short -timeout 20m ./server/... ./client/...
step "browser"
node --test --test-concurrency=2 web/test/*.test.mjs
step "done"
