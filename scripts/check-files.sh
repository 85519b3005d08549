#!/usr/bin/env bash
# Checks what no compiler reads: links between documents, the compose file, shell scripts.
set -euo pipefail
cd "$(dirname "$0")/.."

faults=0
fault() { printf '%s\n' "$*" >&2; faults=$((faults + 1)); }

# Every relative link of a Markdown file leads to a file.
while IFS= read -r -d '' document; do
    while IFS= read -r target; do
        case "$target" in http://* | https://* | mailto:* | '#'*) continue ;; esac
        [ -e "$(dirname "$document")/${target%%#*}" ] || fault "$document: no such file: $target"
    done < <(grep -oE '\]\([^) ]+\)' "$document" | sed 's/^](//; s/)$//')
done < <(git ls-files -z '*.md')

# The compose file is what `docker compose` accepts; without it, at least YAML.
if docker compose version >/dev/null 2>&1; then
    docker compose --file docker-compose.yml --profile ollama config --quiet || fault 'docker-compose.yml'
elif python3 -c 'import yaml' 2>/dev/null; then
    python3 -c 'import yaml; yaml.safe_load(open("docker-compose.yml"))' || fault 'docker-compose.yml'
else
    echo 'check-files: neither docker compose nor python3-yaml: docker-compose.yml is not checked'
fi

while IFS= read -r -d '' script; do
    bash -n "$script" || fault "$script"
    if command -v shellcheck >/dev/null; then shellcheck "$script" || fault "$script"; fi
done < <(git ls-files -z 'scripts/*.sh' .ci/run)

[ "$faults" -eq 0 ] || { echo "check-files: $faults faults" >&2; exit 1; }
echo 'check-files: ok'
