#!/usr/bin/env bash
# For a machine that reaches no image registry: makes stand-ins for the images of compose.yaml from Debian's packages and
# the Kafka jars that `npm run kafka:start` has fetched, under the very tags that compose.yaml names. They take the same
# settings and lay their data in the same places; what differs is the version. An image that is there is left alone.
# Needs the image node:24-bookworm-slim (or a stand-in for it) to build on.
# usage: test/compose/stand-ins.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
here=test/compose
jars=${XDG_CACHE_HOME:-$HOME/.cache}/order-system

tag_of() { sed -n "s|^ *image: \($1:.*\)|\1|p" compose.yaml | head -1; }

build() { # name, then the folder with its Dockerfile
  local tag
  tag=$(tag_of "$1")
  if docker image inspect "$tag" >/dev/null 2>&1; then
    echo "$tag is there"
  else
    docker build --quiet --tag "$tag" "$2" >/dev/null
    echo "$tag is stood in for"
  fi
}

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp -r "$here"/stand-ins/. "$context"
version=$(tag_of apache/kafka)
mkdir "$context/kafka/libs"
cp "$jars/kafka-${version##*:}/libs/"*.jar "$context/kafka/libs/"

build nginx "$context/nginx"
build postgres "$context/postgres"
build redis "$context/redis"
build apache/kafka "$context/kafka"
