{{/* A value of YAML as the text of an environment variable: Helm reads numbers as floats, and would print 1e+06. */}}
{{- define "order-system.text" -}}
{{- if kindIs "float64" . -}}
{{- if eq . (floor .) -}}{{- int64 . -}}{{- else -}}{{- . -}}{{- end -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{/* The address of PostgreSQL, without a password. Takes: root, user. */}}
{{- define "order-system.databaseUrl" -}}
{{- $database := .root.Values.database -}}
{{- $parameters := list -}}
{{- if $database.tls.existingSecret -}}
{{- $parameters = append $parameters (printf "sslmode=verify-full&sslrootcert=/run/order-system/database-tls/%s" $database.tls.caKey) -}}
{{- end -}}
{{- with $database.parameters -}}
{{- $parameters = append $parameters . -}}
{{- end -}}
postgres://{{ .user }}@{{ $database.host }}:{{ include "order-system.text" $database.port }}/{{ $database.name }}
{{- if $parameters -}}?{{ join "&" $parameters }}{{- end -}}
{{- end -}}

{{/* Every name under which callers may reach the service. */}}
{{- define "order-system.allowedHosts" -}}
{{- $service := printf "%s-%s" (include "order-system.fullname" .) (include "order-system.server" .) -}}
{{- $ofService := list $service (printf "%s.%s" $service .Release.Namespace) (printf "%s.%s.svc" $service .Release.Namespace) (printf "%s.%s.svc.cluster.local" $service .Release.Namespace) -}}
{{- concat $ofService .Values.routes.hostnames .Values.allowedHosts | uniq | join "," -}}
{{- end -}}

{{/* Settings of the store and of Kafka, as a map. */}}
{{- define "order-system.dependencySettings" -}}
{{- with .Values }}
DATABASE_URL: {{ include "order-system.databaseUrl" (dict "root" $ "user" .database.user) | quote }}
DATABASE_PASSWORD_FILE: /run/order-system/database/{{ .database.passwordKey }}
KAFKA_BROKERS: {{ join "," .kafka.brokers | quote }}
KAFKA_PARTITIONS: {{ include "order-system.text" .kafka.partitions | quote }}
KAFKA_SECURITY_PROTOCOL: {{ .kafka.securityProtocol }}
{{- if hasPrefix "sasl_" .kafka.securityProtocol }}
KAFKA_SASL_MECHANISMS: {{ .kafka.sasl.mechanism }}
{{- end }}
{{- if .kafka.tls.existingSecret }}
KAFKA_SSL_CA_LOCATION: /run/order-system/kafka-tls/{{ .kafka.tls.caKey }}
{{- if .kafka.tls.clientCertificate }}
KAFKA_SSL_CERTIFICATE_LOCATION: /run/order-system/kafka-tls/tls.crt
KAFKA_SSL_KEY_LOCATION: /run/order-system/kafka-tls/tls.key
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Settings of the part that serves callers, as a map. */}}
{{- define "order-system.serverSettings" -}}
ALLOWED_HOSTS: {{ include "order-system.allowedHosts" . | quote }}
{{- with .Values.trustProxy }}
TRUST_PROXY: {{ join "," . | quote }}
{{- end }}
{{- with .Values.auth }}
{{- if .issuer }}
AUTH_ISSUER: {{ .issuer | quote }}
AUTH_AUDIENCE: {{ .audience | quote }}
{{- end }}
{{- if .jwksUrl }}
AUTH_JWKS_URL: {{ .jwksUrl | quote }}
{{- end }}
{{- if .apiKeys }}
AUTH_API_KEYS: 'true'
{{- end }}
{{- if .allowAnonymous }}
ALLOW_ANONYMOUS: 'true'
{{- end }}
{{- end }}
{{- if .Values.grpcTls.existingSecret }}
GRPC_TLS_CERT: /run/order-system/grpc-tls/tls.crt
GRPC_TLS_KEY: /run/order-system/grpc-tls/tls.key
{{- end }}
{{- end -}}

{{/* All plain settings of a component, as a map. Takes: root, component. */}}
{{- define "order-system.settings" -}}
ROLE: {{ ternary "all" .component (eq .component "standalone") }}
HOST: 0.0.0.0
PORT: '3000'
ADMIN_PORT: '3100'
{{- /* A folder inside the volume, so that the service creates it for itself alone (mode 0700). */}}
DATA_DIR: /data/order-system
SHUTDOWN_TIMEOUT_MS: {{ include "order-system.text" .root.Values.shutdown.timeoutMs | quote }}
{{- if ne .component "standalone" }}
{{- include "order-system.dependencySettings" .root }}
{{- end }}
{{- if ne .component "worker" }}
GRPC_PORT: '50051'
{{ include "order-system.serverSettings" .root }}
{{- end }}
{{- if and (eq .component "api") (gt (int .root.Values.api.processes) 1) }}
API_PROCESSES: {{ include "order-system.text" .root.Values.api.processes | quote }}
{{- end }}
{{- if ne .component "api" }}
WORKER_THREADS: {{ include "order-system.text" (index .root.Values .component).threads | quote }}
{{- end }}
{{- range $name, $value := .root.Values.settings }}
{{- if include "order-system.concerns" (dict "component" $.component "name" $name) }}
{{ $name }}: {{ include "order-system.text" $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Not empty if a component uses a setting. Workers have no callers, and the api runs no processor, so neither gets the other's secrets. */}}
{{- define "order-system.concerns" -}}
{{- $isServers := regexMatch "^(AUTH_|CORS_|RATE_LIMIT_|MAX_|REDIS_)" .name -}}
{{- $isWorkers := regexMatch "^PROCESSOR" .name -}}
{{- if not (or (and (eq .component "worker") $isServers) (and (eq .component "api") $isWorkers)) -}}yes{{- end -}}
{{- end -}}

{{/* The environment of a container. Takes: root, component. */}}
{{- define "order-system.env" -}}
{{- $values := .root.Values }}
# The user of the Pod has no entry in the image's list of users, and Node refuses to start without a home.
- name: HOME
  value: /tmp
{{- range $name, $value := fromYaml (include "order-system.settings" .) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if and (ne .component "standalone") (hasPrefix "sasl_" $values.kafka.securityProtocol) }}
- name: KAFKA_SASL_USERNAME
  valueFrom:
    secretKeyRef: { name: {{ $values.kafka.sasl.existingSecret }}, key: {{ $values.kafka.sasl.usernameKey }} }
- name: KAFKA_SASL_PASSWORD
  valueFrom:
    secretKeyRef: { name: {{ $values.kafka.sasl.existingSecret }}, key: {{ $values.kafka.sasl.passwordKey }} }
{{- end }}
{{- if and (ne .component "worker") $values.redis.existingSecret }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef: { name: {{ $values.redis.existingSecret }}, key: {{ $values.redis.urlKey }} }
{{- end }}
{{- range $name, $ref := $values.secretSettings }}
{{- if include "order-system.concerns" (dict "component" $.component "name" $name) }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: { name: {{ $ref.name }}, key: {{ $ref.key }} }
{{- end }}
{{- end }}
{{- if and (include "order-system.otlpPort" .root) (not (hasKey $values.settings "OTEL_RESOURCE_ATTRIBUTES")) }}
- name: POD_NAME
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name={{ .root.Release.Namespace }},k8s.pod.name=$(POD_NAME)
{{- end }}
{{- end -}}
