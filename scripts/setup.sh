#!/usr/bin/env bash
# Installs what the tests need beyond Go and Node: Chromium for the browser tests and MariaDB for the
# database contract. Says what it does; does nothing when both are there. Debian and its relatives only.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium fonts-liberation fonts-noto-color-emoji)
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
command -v cc >/dev/null || missing+=(gcc libc6-dev) # the race detector
[ ${#missing[@]} -eq 0 ] && exit 0

echo "setup: installing ${missing[*]} (Debian packages, needed by the tests only)"
if ! command -v apt-get >/dev/null; then
  echo "setup: this is not Debian: install ${missing[*]} by hand" >&2
  exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# The package starts a server of its own; the tests start theirs.
"${as_root[@]}" service mariadb stop >/dev/null 2>&1 || true
