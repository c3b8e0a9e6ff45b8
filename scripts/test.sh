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
step "browser, and behind it the race detector, which gets what time is left"
race=$(mktemp)
trap 'rm -f "$race"; kill 0' INT TERM
nice -n 19 go test -race -short -timeout 30m ./server/... ./client/... ./sim/... >"$race" 2>&1 &
detector=$!
browser=0
node --test --test-concurrency=2 web/test/*.test.mjs || browser=$?
step "race detector"
raced=0
wait "$detector" || raced=$?
cat "$race"
rm -f "$race"
if [ "$browser" != 0 ] || [ "$raced" != 0 ]; then exit 1; fi
step "done"
