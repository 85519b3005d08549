#!/usr/bin/env bash
# Checks what no compiler reads: links between documents, the image, YAML files, shell scripts.
# Its linters are what `scripts/install.sh check` installs.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/target/linters/bin:$PATH"

faults=0
fault() { printf '%s\n' "$*" >&2; faults=$((faults + 1)); }

# Every relative link of a Markdown file leads to a file.
while IFS= read -r -d '' document; do
    while IFS= read -r target; do
        case "$target" in http://* | https://* | mailto:* | '#'*) continue ;; esac
        [ -e "$(dirname "$document")/${target%%#*}" ] || fault "$document: no such file: $target"
    done < <(grep -oE '\]\([^) ]+\)' "$document" | sed 's/^](//; s/)$//')
done < <(git ls-files -z '*.md')

hadolint --no-color Dockerfile || fault 'Dockerfile'

# The files fit the schemas that their readers publish; what refers to what inside the compose
# file, only `docker compose` itself can tell.
conforms() {
    local told
    told=$(check-jsonschema --builtin-schema "vendor.$1" "$2" 2>&1) || fault "$2: $told"
}
conforms compose-spec docker-compose.yml
conforms github-workflows .github/workflows/ci.yml
if docker compose version >/dev/null 2>&1; then
    docker compose --file docker-compose.yml --profile ollama config --quiet ||
        fault 'docker-compose.yml: docker compose does not take it'
fi

while IFS= read -r -d '' script; do
    shellcheck "$script" || fault "$script"
done < <(git ls-files -z 'scripts/*.sh' .ci/run)

[ "$faults" -eq 0 ] || { echo "check-files: $faults faults" >&2; exit 1; }
echo 'check-files: ok'
