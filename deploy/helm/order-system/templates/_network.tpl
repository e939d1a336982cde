{{/* One egress rule. Takes: to (peers; empty: any destination), ports. */}}
{{- define "order-system.egressRule" -}}
- ports:
    {{- range uniq .ports }}
    - { protocol: TCP, port: {{ int . }} }
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "order-system.egressToDns" -}}
- ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
  {{- with .Values.networkPolicy.dns }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "order-system.egressToDatabase" -}}
{{- include "order-system.egressRule" (dict "to" .Values.networkPolicy.destinations.database "ports" (list .Values.database.port)) -}}
{{- end -}}

{{/* The port of an address, or that of its scheme. */}}
{{- define "order-system.portOf" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{- default (eq $url.scheme "http" | ternary "80" "443") $port -}}
{{- end -}}

{{/* The port of the receiver of traces; empty if there is none. */}}
{{- define "order-system.otlpPort" -}}
{{- $settings := .Values.settings -}}
{{- with coalesce $settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT $settings.OTEL_EXPORTER_OTLP_ENDPOINT -}}
{{- include "order-system.portOf" . -}}
{{- end -}}
{{- end -}}

{{/* The egress rules of a component. Takes: root, component. */}}
{{- define "order-system.egress" -}}
{{- $values := .root.Values -}}
{{- $to := $values.networkPolicy.destinations -}}
{{ include "order-system.egressToDns" .root }}
{{- if ne .component "standalone" }}
{{- $kafkaPorts := list }}
{{- range $values.kafka.brokers }}
{{- $kafkaPorts = append $kafkaPorts (regexFind "[0-9]+$" .) }}
{{- end }}
{{ include "order-system.egressRule" (dict "to" $to.kafka "ports" $kafkaPorts) }}
{{ include "order-system.egressToDatabase" .root }}
{{- end }}
{{- if ne .component "worker" }}
{{- if $values.redis.existingSecret }}
{{ include "order-system.egressRule" (dict "to" $to.redis "ports" (list $values.redis.port)) }}
{{- end }}
{{- if $values.auth.issuer }}
{{- $ports := list (include "order-system.portOf" $values.auth.issuer) }}
{{- with $values.auth.jwksUrl }}
{{- $ports = append $ports (include "order-system.portOf" .) }}
{{- end }}
{{ include "order-system.egressRule" (dict "to" $to.issuer "ports" $ports) }}
{{- end }}
{{- end }}
{{- with include "order-system.otlpPort" .root }}
{{ include "order-system.egressRule" (dict "to" $to.otlp "ports" (list .)) }}
{{- end }}
{{- if ne .component "api" }}
{{- with $values.networkPolicy.workerEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Peers that select all Pods of some namespaces. */}}
{{- define "order-system.namespacePeers" -}}
{{- with . }}
- namespaceSelector:
    matchExpressions:
      - { key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }} }
{{- end }}
{{- end -}}
