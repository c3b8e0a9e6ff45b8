# Frond. `make run` and `make test` are all a new machine needs; both install what they use.
RELEASE ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.release=$(RELEASE)

.PHONY: run build assets test test-long check bench clean

run: build ## build and start on http://localhost:5000 with SQLite in ./data
	bin/frond serve

build: assets ## bin/frond, one file with the web app inside
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/frond ./cmd/frond

assets: ## the web app: Bootstrap from npm by lockfile, the client core as WebAssembly, compressed
	node web/build.mjs

test: ## everything; installs Chromium and MariaDB when they are missing
	scripts/test.sh

test-long: ## fuzzing and big simulations; BUDGET=10m
	scripts/test-long.sh

check: assets ## gofmt, vet, staticcheck, govulncheck
	scripts/check.sh

bench: build ## beside a bare baseline server, in the same run
	scripts/bench.sh

clean: ## everything that was built; never ./data
	rm -rf bin web/node_modules
	find web/dist -mindepth 1 ! -name .gitignore -delete
