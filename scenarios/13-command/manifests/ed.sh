#!/bin/sh
# Edits by a sed expression; with ONCE, shows the reason on top of a text that comes back, and leaves it.
if [ -n "$ONCE" ] && grep -q "not valid\|syntax error" "$1"; then grep "^#" "$1" >&2; exit 0; fi
sed -i "$SED" "$1"
