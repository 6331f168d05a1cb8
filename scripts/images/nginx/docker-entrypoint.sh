#!/bin/sh
# Prepares the configuration of nginx from /docker-entrypoint.d, then becomes the command it was given.
set -e

say() {
  [ -n "$NGINX_ENTRYPOINT_QUIET_LOGS" ] || echo "$0: $*"
}

case "${1##*/}" in
  nginx | nginx-debug)
    for script in /docker-entrypoint.d/*; do
      [ -f "$script" ] || continue
      case "$script" in
        *.envsh)
          say "Sourcing $script"
          . "$script"
          ;;
        *.sh)
          if [ -x "$script" ]; then
            say "Launching $script"
            "$script"
          else
            say "Ignoring $script, not executable"
          fi
          ;;
        *) say "Ignoring $script" ;;
      esac
    done
    say "Configuration complete; ready for start up"
    ;;
esac

exec "$@"
