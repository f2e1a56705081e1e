{{/* What the schema cannot say. Included where the pods are made, so that nothing wrong can be rendered. */}}
{{- define "rollcall.checks" -}}
{{- $v := .Values -}}
{{- if not (or $v.redis.existingSecret $v.redis.hosts) -}}
{{- fail "redis.hosts or redis.existingSecret is needed: the chart brings no Redis" -}}
{{- end -}}
{{- if and $v.redis.hosts (eq $v.redis.mode "standalone") (gt (len $v.redis.hosts) 1) -}}
{{- fail "redis.hosts names several hosts: set redis.mode to sentinel or cluster" -}}
{{- end -}}
{{- if not (or $v.keys.existingSecret $v.keys.paserk) -}}
{{- fail "keys.existingSecret or keys.paserk is needed: without a key no token can be verified (`rollcall keygen` makes one)" -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled $v.metrics.podMonitor.enabled -}}
{{- fail "metrics.serviceMonitor and metrics.podMonitor together would scrape every node twice: choose one" -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (not (or $v.autoscaling.connectionsPerPod $v.autoscaling.targetCPUUtilizationPercentage)) -}}
{{- fail "autoscaling needs connectionsPerPod or targetCPUUtilizationPercentage" -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is more than maxReplicas" -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) -}}
{{- fail "ingress.hosts is needed" -}}
{{- end -}}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs is needed: the gateways that shall route here" -}}
{{- end -}}
{{- /* Without `replicas` in its manifest a Deployment has one, unless somebody else than Helm has set their number. */ -}}
{{- if and $v.autoscaling.enabled .Release.IsUpgrade -}}
{{- $name := include "rollcall.fullname" . -}}
{{- if not (lookup "autoscaling/v2" "HorizontalPodAutoscaler" .Release.Namespace $name) -}}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace $name -}}
{{- range dig "metadata" "managedFields" list $live -}}
{{- if and (eq .manager "helm") (hasKey (dig "fieldsV1" "f:spec" dict .) "f:replicas") -}}
{{- $more := add 1 (int $live.spec.replicas) -}}
{{- fail (printf "turning autoscaling on now would leave one node for a moment: first `kubectl -n %s scale deployment/%s --replicas=%d`, then this with Helm 4 and --server-side=true (docs/deploy.md)" $.Release.Namespace $name $more) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $delay := int (default 0 (get $v.settings "DRAIN_DELAY_MS")) -}}
{{- $window := int (ternary (get $v.settings "DRAIN_WINDOW_MS") 5000 (hasKey $v.settings "DRAIN_WINDOW_MS")) -}}
{{- $needed := add (int $v.preStopSeconds) (div (add $delay $window 999) 1000) 8 -}}
{{- if ge (int $needed) (int $v.terminationGracePeriodSeconds) -}}
{{- fail (printf "terminationGracePeriodSeconds (%d) must be more than %d: preStopSeconds (%d), DRAIN_DELAY_MS and DRAIN_WINDOW_MS (%d ms), and 8 s for the last writes" (int $v.terminationGracePeriodSeconds) $needed (int $v.preStopSeconds) (add $delay $window)) -}}
{{- end -}}
{{- end -}}
