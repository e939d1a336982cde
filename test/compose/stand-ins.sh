#!/usr/bin/env bash
# For machines without an image registry: builds replacements for the images of compose.yaml, under the same tags, from
# Debian's packages and the Kafka jars that `npm run kafka:start` has downloaded. They take the same settings and store
# their data in the same places, but may have other versions. Existing images are kept.
# Needs the image node:24-bookworm-slim (or a replacement), which also becomes the base that the Dockerfile names.
# Usage: test/compose/stand-ins.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
here=test/compose
jars=${XDG_CACHE_HOME:-$HOME/.cache}/order-system

tag_of() { sed -n "s|^ *image: \($1:.*\)|\1|p" compose.yaml | head -1; }

build() { # image name, folder with its Dockerfile
  local tag
  tag=$(tag_of "$1")
  if docker image inspect "$tag" >/dev/null 2>&1; then
    echo "$tag exists"
  else
    docker build --quiet --tag "$tag" "$2" >/dev/null
    echo "$tag was built"
  fi
}

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp -r "$here"/stand-ins/. "$context"
version=$(tag_of apache/kafka)
mkdir "$context/kafka/libs"
cp "$jars/kafka-${version##*:}/jars/"*.jar "$context/kafka/libs/"

base=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)
docker image inspect "$base" >/dev/null 2>&1 || docker tag node:24-bookworm-slim "$base"

build nginx "$context/nginx"
build postgres "$context/postgres"
build redis "$context/redis"
build apache/kafka "$context/kafka"
