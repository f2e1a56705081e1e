{{/* The environment of a node, but for secrets. */}}
{{- define "rollcall.config" -}}
PORT: "8080"
ADMIN_PORT: "9090"
PASETO_KEYS_FILE: /etc/rollcall/keys/{{ .Values.keys.key }}
{{- if and (or .Values.ingress.enabled .Values.httpRoute.enabled) (not (hasKey .Values.settings "TRUST_PROXY")) }}
TRUST_PROXY: uniquelocal
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- /* YAML reads large numbers as floating point, which would be printed as 2.592e+06. */}}
{{ $name }}: {{ ternary (printf "%.0f" $value) (toString $value) (kindIs "float64" $value) | quote }}
{{- end }}
{{- end -}}
