#!/bin/sh
# Starts PostgreSQL with a password from a file in a volume, which only PostgreSQL and the service mount: POSTGRES_PASSWORD if it is
# set, else a random one, created at the first start. Only the user of the service (and root, here) can read the file.
# Usage: with-password.sh postgres <arguments of postgres>
set -eu
file=${PASSWORD_FILE:-/run/order-system/postgres-password}
owner=${PASSWORD_OWNER:-1000:1000}

# In a subshell, because the entrypoint needs the usual umask.
(
  umask 077
  if [ -n "${POSTGRES_PASSWORD:-}" ]; then
    printf '%s' "$POSTGRES_PASSWORD" >"$file.new"
  elif [ ! -s "$file" ]; then
    od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n' >"$file.new"
  else
    exit 0
  fi
  chown "$owner" "$file.new"
  mv -f "$file.new" "$file"
)

# The entrypoint of the image accepts one of the two.
unset POSTGRES_PASSWORD
export POSTGRES_PASSWORD_FILE="$file"
exec docker-entrypoint.sh "$@"
