{{/* Whether a stage is a Deployment here. */}}
{{- define "okki.deployed" -}}
{{- if or (ne .stage "extractor") (not .root.Values.cronjob.enabled) }}yes{{ end }}
{{- end }}

{{/* Variables of a settings file, with those of the values over them. */}}
{{- define "okki.settings" -}}
{{- $data := dict }}
{{- range splitList "\n" (.root.Files.Get (printf "files/base/%s.env" .name)) }}
{{- if and . (not (hasPrefix "#" .)) }}
{{- $pair := regexSplit "=" . 2 }}
{{- $_ := set $data (first $pair) (last $pair) }}
{{- end }}
{{- end }}
{{- /* A checkpoint is older before each run than the schedule is long, and that is well. */}}
{{- if and (eq .name "common") .root.Values.cronjob.enabled }}{{ $_ := set $data "ALERT_CHECKPOINT_AGE" "3h" }}{{ end }}
{{- range $name, $value := index .root.Values.settings .name }}
{{- $_ := set $data $name (toString $value) }}
{{- end }}
{{- toYaml $data }}
{{- end }}

{{/* What a pod reads at its start only; when it changes, the pod has to be another one. */}}
{{- define "okki.checksum" -}}
{{- toJson (list .Values.settings .Values.mapping .Values.extras) | sha256sum }}
{{- end }}

{{/* Changes the specification of a pod in place. */}}
{{- define "okki.pod" -}}
{{- $root := .root }}
{{- $image := $root.Values.image }}
{{- range $container := .spec.containers }}
{{- $name := last (splitList "/" $container.image) }}
{{- $digest := index $image.digests $name }}
{{- $reference := printf "%s/%s:%s" $image.registry $name (default $root.Chart.AppVersion $image.tag) }}
{{- if $digest }}{{ $reference = printf "%s/%s@%s" $image.registry $name $digest }}{{ end }}
{{- $_ := set $container "image" $reference }}
{{- with $image.pullPolicy }}{{ $_ := set $container "imagePullPolicy" . }}{{ end }}
{{- end }}
{{- with $image.pullSecrets }}{{ $_ := set $.spec "imagePullSecrets" . }}{{ end }}
{{- end }}

{{/* Changes one document in place: labels, images, numbers, addresses. */}}
{{- define "okki.adjust" -}}
{{- $root := .root }}
{{- $doc := .doc }}
{{- $values := $root.Values }}
{{- $labels := default dict $doc.metadata.labels }}
{{- $labels = merge (dict "app.kubernetes.io/part-of" "okki-pipeline" "app.kubernetes.io/managed-by" $root.Release.Service "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version)) $labels }}
{{- if contains "monitoring.coreos.com" $doc.apiVersion }}{{ $labels = merge (deepCopy $values.prometheus.labels) $labels }}{{ end }}
{{- $_ := set $doc.metadata "labels" $labels }}
{{- if has $doc.kind (list "Deployment" "CronJob") }}
{{- $template := dict }}
{{- if eq $doc.kind "Deployment" }}{{ $template = $doc.spec.template }}{{ else }}{{ $template = $doc.spec.jobTemplate.spec.template }}{{ end }}
{{- $stage := default dict (index $values.stages $doc.metadata.name) }}
{{- $_ := set $template.metadata "annotations" (merge (dict "checksum/settings" (include "okki.checksum" $root)) (default dict $stage.podAnnotations)) }}
{{- include "okki.pod" (dict "root" $root "spec" $template.spec) }}
{{- with $stage.resources }}{{ $_ := set (first $template.spec.containers) "resources" . }}{{ end }}
{{- with $stage.nodeSelector }}{{ $_ := set $template.spec "nodeSelector" . }}{{ end }}
{{- with $stage.tolerations }}{{ $_ := set $template.spec "tolerations" . }}{{ end }}
{{- end }}
{{- if and (eq $doc.kind "Deployment") (index $values.stages $doc.metadata.name) }}
{{- $scaled := or $values.keda.enabled (and $values.hpa.enabled (eq $doc.metadata.name "transformer")) }}
{{- if $scaled }}{{ $_ := unset $doc.spec "replicas" }}{{ else }}{{ $_ := set $doc.spec "replicas" (index $values.stages $doc.metadata.name).replicas }}{{ end }}
{{- end }}
{{- if eq $doc.kind "CronJob" }}{{ $_ := set $doc.spec "schedule" $values.cronjob.schedule }}{{ end }}
{{- if and (eq $doc.kind "Deployment") (eq $doc.metadata.name "desk") }}
{{- range (first $doc.spec.template.spec.containers).env }}
{{- if eq .name "DESK_TRUSTED_PROXIES" }}{{ $_ := set . "value" $values.desk.trustedProxies }}{{ end }}
{{- end }}
{{- $container := first $doc.spec.template.spec.containers }}
{{- range $name, $value := $values.desk.settings }}
{{- $_ := set $container "env" (append $container.env (dict "name" $name "value" (toString $value))) }}
{{- end }}
{{- with $values.desk.oidcSecret }}
{{- $_ := set $container "env" (append $container.env (dict "name" "DESK_OIDC_CLIENT_SECRET_FILE" "value" "/var/run/secrets/okki/oidc/client-secret")) }}
{{- $projected := (first $doc.spec.template.spec.volumes).projected }}
{{- $source := dict "secret" (dict "name" . "items" (list (dict "key" "client-secret" "path" "oidc/client-secret"))) }}
{{- $_ := set $projected "sources" (append $projected.sources $source) }}
{{- end }}
{{- end }}
{{- if eq $doc.kind "ScaledObject" }}
{{- $range := index $values.keda $doc.metadata.name }}
{{- $_ := set $doc.spec "minReplicaCount" $range.min }}
{{- $_ := set $doc.spec "maxReplicaCount" $range.max }}
{{- $_ := set $doc.spec.fallback "replicas" $range.min }}
{{- $namespace := default "okki" $values.settings.common.NAMESPACE }}
{{- range $doc.spec.triggers }}
{{- $_ := set .metadata "host" (default (replace "NAMESPACE" $root.Release.Namespace .metadata.host) $values.keda.host) }}
{{- $_ := set .metadata "queueName" (replace "okki." (printf "%s." $namespace) .metadata.queueName) }}
{{- end }}
{{- end }}
{{- if and (eq $doc.kind "NetworkPolicy") $doc.spec.ingress }}
{{- range $doc.spec.ingress }}
{{- range .from }}
{{- with .namespaceSelector }}
{{- $names := .matchLabels }}
{{- if eq (index $names "kubernetes.io/metadata.name") "monitoring" }}{{ $_ := set $names "kubernetes.io/metadata.name" $values.prometheus.namespace }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (eq $doc.kind "NetworkPolicy") (eq $doc.metadata.name "okki-managed") }}
{{- $to := list }}
{{- range $values.networkPolicy.managed }}{{ $to = append $to (dict "ipBlock" (dict "cidr" .)) }}{{ end }}
{{- $_ := set (first $doc.spec.egress) "to" $to }}
{{- end }}
{{- if and (eq $doc.kind "User") $values.rabbitmqOperator.importCredentials }}
{{- $_ := set $doc.spec "importCredentialsSecret" (dict "name" (printf "%s-broker" $doc.metadata.name)) }}
{{- end }}
{{- if and (eq $doc.kind "RabbitmqCluster") $values.rabbitmqOperator.tlsSecret }}
{{- $_ := set $doc.spec "tls" (dict "secretName" $values.rabbitmqOperator.tlsSecret) }}
{{- end }}
{{- end }}

{{/* The documents of one file of files/, changed by the values. */}}
{{- define "okki.file" -}}
{{- $root := .root }}
{{- range splitList "\n---\n" ($root.Files.Get (printf "files/%s" .path)) }}
{{- $doc := fromYaml . }}
{{- if $doc.kind }}
{{- $gone := and (has $doc.kind (list "Deployment" "PodDisruptionBudget" "ScaledObject")) (not (include "okki.deployed" (dict "root" $root "stage" $doc.metadata.name))) }}
{{- if not $gone }}
{{- include "okki.adjust" (dict "root" $root "doc" $doc) }}
---
{{ toYaml $doc }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
