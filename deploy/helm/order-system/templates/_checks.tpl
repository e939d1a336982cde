{{/* What the schema of the values cannot say. Each message names the value, the reason and what to do; all are shown at once. */}}
{{- define "order-system.check" -}}
{{- $problems := concat (include "order-system.callerProblems" . | fromYamlArray) (include "order-system.modeProblems" . | fromYamlArray) (include "order-system.scalingProblems" . | fromYamlArray) (include "order-system.shutdownProblems" . | fromYamlArray) -}}
{{- if $problems -}}
{{- fail (printf "\n\nThe values of order-system need a change:\n  - %s\n" (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}

{{- define "order-system.callerProblems" -}}
{{- with .Values.auth }}
{{- if not (or .issuer .apiKeys .allowAnonymous) }}
- "auth: nothing says who may call, and the service would refuse to start. Set auth.issuer and auth.audience (JWT access tokens), auth.apiKeys=true (API keys), or auth.allowAnonymous=true if a gateway in front of the service checks its callers."
{{- end }}
{{- if and .issuer (not .audience) }}
- "auth.audience is empty, so tokens for other services would be accepted. Set it to the name of this service in tokens (aud)."
{{- end }}
{{- if and (or .audience .jwksUrl) (not .issuer) }}
- "auth.audience and auth.jwksUrl have no effect without auth.issuer. Set auth.issuer, or neither."
{{- end }}
{{- end }}
{{- with .Values.routes }}
{{- if and (or .gatewayApi.enabled .ingress.enabled) (not .hostnames) }}
- "routes.hostnames is empty, but a route is enabled. List the host names of the service; it answers requests for other names with 421."
{{- end }}
{{- if and .gatewayApi.enabled (not .gatewayApi.parentRefs) }}
- "routes.gatewayApi.parentRefs is empty. Name the Gateway that serves the routes."
{{- end }}
{{- end }}
{{- end -}}

{{- define "order-system.modeProblems" -}}
{{- with .Values }}
{{- if eq .mode "distributed" }}
{{- if not .kafka.brokers }}
- "kafka.brokers is empty. List the bootstrap brokers as host:port, or set mode=standalone for one replica with an embedded log."
{{- end }}
{{- if not .database.host }}
- "database.host is empty. Set it to the host of PostgreSQL, or set mode=standalone for one replica with SQLite."
{{- end }}
{{- if not .database.existingSecret }}
- "database.existingSecret is empty. Create a Secret with the password of PostgreSQL and name it here; the chart takes no passwords."
{{- end }}
{{- if and (hasPrefix "sasl_" .kafka.securityProtocol) (not .kafka.sasl.existingSecret) }}
- {{ printf "kafka.sasl.existingSecret is empty, but kafka.securityProtocol is %s. Name a Secret with the user name and the password." .kafka.securityProtocol | quote }}
{{- end }}
{{- if and .kafka.tls.existingSecret (not (hasSuffix "ssl" .kafka.securityProtocol)) }}
- {{ printf "kafka.tls.existingSecret has no effect, because kafka.securityProtocol is %s. Set it to ssl or sasl_ssl." .kafka.securityProtocol | quote }}
{{- end }}
{{- else }}
{{- if or .kafka.brokers .database.host }}
- "kafka.brokers and database.host have no effect in mode standalone, which has an embedded log and SQLite. Remove them, or set mode=distributed."
{{- end }}
{{- if or .api.autoscaling.enabled .worker.keda.enabled }}
- "api.autoscaling and worker.keda need mode distributed: the embedded log and SQLite allow one replica only."
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "order-system.scalingProblems" -}}
{{- $partitions := int .Values.kafka.partitions }}
{{- with .Values.worker }}
{{- if .keda.enabled }}
{{- if gt (int .keda.maxReplicas) $partitions }}
- {{ printf "worker.keda.maxReplicas is %d, but kafka.partitions is %d: workers beyond the number of partitions are idle. Lower it to %d." (int .keda.maxReplicas) $partitions $partitions | quote }}
{{- end }}
{{- if gt (int .keda.minReplicas) (int .keda.maxReplicas) }}
- {{ printf "worker.keda.minReplicas is %d and maxReplicas %d. Set minReplicas to at most maxReplicas." (int .keda.minReplicas) (int .keda.maxReplicas) | quote }}
{{- end }}
{{- if not (or .keda.prometheus.serverAddress .keda.kafka.enabled) }}
- "worker.keda has nothing to measure. Set worker.keda.prometheus.serverAddress, or worker.keda.kafka.enabled=true."
{{- end }}
{{- else if and (gt (int .replicas) $partitions) (eq $.Values.mode "distributed") }}
- {{ printf "worker.replicas is %d, but kafka.partitions is %d: workers beyond the number of partitions are idle. Lower it to %d." (int .replicas) $partitions $partitions | quote }}
{{- end }}
{{- end }}
{{- with .Values.api.autoscaling }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
- {{ printf "api.autoscaling.minReplicas is %d and maxReplicas %d. Set minReplicas to at most maxReplicas." (int .minReplicas) (int .maxReplicas) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Kubernetes counts the grace period from the beginning of preStop; SIGTERM comes after it. */}}
{{- define "order-system.shutdownProblems" -}}
{{- with .Values.shutdown }}
{{- $needed := add (int .preStopSeconds) (ceil (divf .timeoutMs 1000)) 1 }}
{{- if and (not (kindIs "invalid" .gracePeriodSeconds)) (lt (int .gracePeriodSeconds) (int $needed)) }}
- {{ printf "shutdown.gracePeriodSeconds is %d, but preStopSeconds (%d) and timeoutMs (%v) need at least %d: Kubernetes would kill Pods that still finish work. Raise it, lower the others, or set it to null to have it computed." (int .gracePeriodSeconds) (int .preStopSeconds) (int64 .timeoutMs) $needed | quote }}
{{- end }}
{{- end }}
{{- end -}}
