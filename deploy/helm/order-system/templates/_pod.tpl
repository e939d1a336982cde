{{/* Seconds until Kubernetes kills a Pod. Takes: root, preStopSeconds. */}}
{{- define "order-system.gracePeriod" -}}
{{- $shutdown := .root.Values.shutdown -}}
{{- if kindIs "invalid" $shutdown.gracePeriodSeconds -}}
{{- add (int .preStopSeconds) (ceil (divf $shutdown.timeoutMs 1000)) 5 -}}
{{- else -}}
{{- int $shutdown.gracePeriodSeconds -}}
{{- end -}}
{{- end -}}

{{- define "order-system.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Volumes of Secrets, as a list of name, secret. The service refuses files that are open to others: their mode is 288, which is 0440 in
octal; YAML 1.1 and 1.2 read 0440 differently. Takes: root, component. */}}
{{- define "order-system.secretVolumes" -}}
{{- $values := .root.Values }}
{{- if ne .component "standalone" }}
{{- $isMigration := eq .component "migration" }}
- name: database
  secret: {{ $isMigration | ternary (default $values.database.existingSecret $values.migration.existingSecret) $values.database.existingSecret }}
{{- with $values.database.tls.existingSecret }}
- name: database-tls
  secret: {{ . }}
{{- end }}
{{- if not $isMigration }}
{{- with $values.kafka.tls.existingSecret }}
- name: kafka-tls
  secret: {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $values.grpcTls.existingSecret (has .component (list "api" "standalone")) }}
- name: grpc-tls
  secret: {{ $values.grpcTls.existingSecret }}
{{- end }}
{{- end -}}

{{/* The Pod of a component that serves. Takes: root, component, preStopSeconds, dataVolume (whether the volume `data` comes from a claim). */}}
{{- define "order-system.pod" -}}
{{- $values := .root.Values -}}
{{- $own := index $values .component -}}
{{- $secretVolumes := fromYamlArray (include "order-system.secretVolumes" .) -}}
metadata:
  labels:
    {{- include "order-system.labels" . | nindent 4 }}
  {{- with $own.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "order-system.fullname" .root }}
  automountServiceAccountToken: false
  # The variables that Kubernetes derives from Services, such as KAFKA_PORT, look like settings.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "order-system.gracePeriod" . }}
  securityContext:
    {{- toYaml $values.podSecurityContext | nindent 4 }}
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $own.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if ne .component "standalone" }}
  topologySpreadConstraints:
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: {{ $values.topologySpread }}
      labelSelector:
        matchLabels:
          {{- include "order-system.selectorLabels" $ | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  containers:
    - name: order-system
      image: {{ include "order-system.image" .root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      securityContext:
        {{- include "order-system.securityContext" . | nindent 8 }}
      env:
        {{- include "order-system.env" . | trim | nindent 8 }}
      ports:
        - { name: http, containerPort: 3000 }
        {{- if ne .component "worker" }}
        - { name: grpc, containerPort: 50051 }
        {{- end }}
        - { name: admin, containerPort: 3100 }
      # Up to five minutes: the first start creates topics and may migrate the store.
      startupProbe:
        httpGet: { path: /livez, port: admin }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 150
      # It asks for no dependency: a restart does not fix an unavailable broker or database.
      livenessProbe:
        httpGet: { path: /livez, port: admin }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: { path: /readyz, port: admin }
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- if gt (int .preStopSeconds) 0 }}
      # The service refuses new requests from SIGTERM on, so proxies must have stopped sending them before.
      lifecycle:
        preStop:
          sleep: { seconds: {{ int .preStopSeconds }} }
      {{- end }}
      resources:
        {{- toYaml $own.resources | nindent 8 }}
      volumeMounts:
        - { name: data, mountPath: /data }
        - { name: tmp, mountPath: /tmp }
        {{- range $secretVolumes }}
        - { name: {{ .name }}, mountPath: /run/order-system/{{ .name }}, readOnly: true }
        {{- end }}
        {{- with $values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    {{- if not .dataVolume }}
    - { name: data, emptyDir: { sizeLimit: 64Mi } }
    {{- end }}
    - { name: tmp, emptyDir: { sizeLimit: 64Mi } }
    {{- range $secretVolumes }}
    - { name: {{ .name }}, secret: { secretName: {{ .secret }}, defaultMode: 288 } }
    {{- end }}
    {{- with $values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
