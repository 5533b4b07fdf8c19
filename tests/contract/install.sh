#!/bin/sh
# Make sure there are PostgreSQL's programs for the store's tests: installed ones, else Debian's.
set -eu
for bin in /usr/lib/postgresql/*/bin; do
  if [ -x "$bin/postgres" ]; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  # Without this, installing creates and starts a server of its own.
  mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/bellwether.conf
  apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql
else
  echo "PostgreSQL's server programs are missing, and only root on Debian can install them" >&2
  exit 1
fi
