{{/* REDIS_URL without user and password; Kubernetes puts those in from the secret, as $(NAME). */}}
{{- define "rollcall.redisUrl" -}}
{{- $redis := .Values.redis -}}
{{- $scheme := ternary "rediss" "redis" $redis.tls.enabled -}}
{{- $kind := ternary "" (printf "+%s" $redis.mode) (eq $redis.mode "standalone") -}}
{{- $auth := "" -}}
{{- if $redis.auth.existingSecret -}}
{{- $auth = printf "%s:$(REDIS_PASSWORD)@" (ternary "$(REDIS_USERNAME)" "" (ne $redis.auth.usernameKey "")) -}}
{{- end -}}
{{- $path := "" -}}
{{- if eq $redis.mode "sentinel" -}}
{{- $path = printf "/%s" $redis.master -}}
{{- else if and (eq $redis.mode "standalone") (ne (int $redis.database) 0) -}}
{{- $path = printf "/%d" (int $redis.database) -}}
{{- end -}}
{{- $query := list -}}
{{- if and (eq $redis.mode "sentinel") $redis.auth.existingSecret -}}
{{- if $redis.auth.sentinelUsernameKey -}}{{- $query = append $query "sentinelUsername=$(REDIS_SENTINEL_USERNAME)" -}}{{- end -}}
{{- if $redis.auth.sentinelPasswordKey -}}{{- $query = append $query "sentinelPassword=$(REDIS_SENTINEL_PASSWORD)" -}}{{- end -}}
{{- end -}}
{{- $end := ternary (printf "?%s" (join "&" $query)) "" (gt (len $query) 0) -}}
{{- printf "%s%s://%s%s%s%s" $scheme $kind $auth (join "," $redis.hosts) $path $end -}}
{{- end -}}

{{/* Ports of Redis as a JSON list: those given, else those of the hosts, and with Sentinel also that of Redis itself. */}}
{{- define "rollcall.redisPorts" -}}
{{- $redis := .Values.redis -}}
{{- $ports := list -}}
{{- if $redis.ports -}}
{{- $ports = $redis.ports -}}
{{- else if $redis.existingSecret -}}
{{- $ports = list 6379 26379 -}}
{{- else -}}
{{- range $redis.hosts -}}
{{- $port := regexFind ":[0-9]+$" . | trimPrefix ":" -}}
{{- $ports = append $ports (int (default (ternary "26379" "6379" (eq $redis.mode "sentinel")) $port)) -}}
{{- end -}}
{{- if eq $redis.mode "sentinel" -}}
{{- $ports = append $ports 6379 -}}
{{- end -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}
