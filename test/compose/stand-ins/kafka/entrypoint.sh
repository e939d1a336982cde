#!/usr/bin/env bash
# Like the official image: KAFKA_NODE_ID becomes node.id, and so on; the storage is formatted once.
set -euo pipefail
properties=/opt/kafka/config/server.properties
env | sed -n 's/^KAFKA_\([A-Z_]*\)=\(.*\)/\1=\2/p' | grep -v -e '^HEAP_OPTS=' | while IFS='=' read -r name value; do
  echo "$(tr 'A-Z_' 'a-z.' <<<"$name")=$value"
done >"$properties"
java() { command java -cp '/opt/kafka/libs/*' "$@"; }
java kafka.tools.StorageTool format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$properties"
exec /usr/bin/java ${KAFKA_HEAP_OPTS:-} -Dorg.apache.logging.log4j.level=WARN -cp '/opt/kafka/libs/*' kafka.Kafka "$properties"
