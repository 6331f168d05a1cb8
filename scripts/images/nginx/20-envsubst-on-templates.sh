#!/bin/sh
# Writes every template of /etc/nginx/templates to /etc/nginx/conf.d, with the variables of the environment put in.
set -e

templates="${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}"
suffix="${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}"
output="${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}"

[ -d "$templates" ] || exit 0
if ! [ -w "$output" ]; then
  echo "$0: $templates exists, but $output is not writable" >&2
  exit 0
fi
# Only what the environment has is put in, so that nginx's own variables stay.
known=$(awk -v filter="$NGINX_ENVSUBST_FILTER" 'BEGIN { for (name in ENVIRON) if (name ~ filter) printf "${%s} ", name }')
find "$templates" -follow -type f -name "*$suffix" | while read -r template; do
  relative="${template#"$templates"/}"
  target="$output/${relative%"$suffix"}"
  mkdir -p "${target%/*}"
  echo "$0: Running envsubst on $template to $target"
  envsubst "$known" < "$template" > "$target"
done
