#!/bin/bash
# Makes a database where there is none yet, then becomes the command it was given. The conventions are those of the official
# PostgreSQL image: its variables, its folder of scripts, and its order of events.
set -Eeo pipefail

# Variables that came from files; they are not handed on to the server.
from_files="${ENTRYPOINT_FROM_FILES:-}"

# file_env NAME [DEFAULT]: sets NAME from itself, from the file that NAME_FILE names, or to the default.
file_env() {
  local name="$1" file_name="${1}_FILE" value="${2:-}"
  if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
    echo "error: both $name and $file_name are set (but are exclusive)" >&2
    exit 1
  fi
  if [ -n "${!name:-}" ]; then
    value="${!name}"
  elif [ -n "${!file_name:-}" ]; then
    value="$(< "${!file_name}")"
    from_files="$from_files $name"
  fi
  export "$name"="$value"
  unset "$file_name"
}

docker_setup_env() {
  file_env POSTGRES_PASSWORD
  file_env POSTGRES_USER postgres
  file_env POSTGRES_DB "$POSTGRES_USER"
  file_env POSTGRES_INITDB_ARGS
  : "${POSTGRES_HOST_AUTH_METHOD:=}"
  DATABASE_ALREADY_EXISTS=
  if [ -s "$PGDATA/PG_VERSION" ]; then DATABASE_ALREADY_EXISTS=true; fi
  export ENTRYPOINT_FROM_FILES="$from_files"
}

# Folders with the owner and the modes that the server insists on. As another user than root this may not be possible, or needed.
docker_create_db_directories() {
  local user
  user="$(id -u)"
  mkdir -p "$PGDATA" /var/run/postgresql || :
  chmod 00700 "$PGDATA" 2> /dev/null || :
  chmod 03777 /var/run/postgresql 2> /dev/null || :
  if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then
    mkdir -p "$POSTGRES_INITDB_WALDIR"
    if [ "$user" = 0 ]; then find "$POSTGRES_INITDB_WALDIR" \! -user postgres -exec chown postgres '{}' +; fi
    chmod 00700 "$POSTGRES_INITDB_WALDIR"
  fi
  if [ "$user" = 0 ]; then
    find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  fi
}

docker_verify_minimum_env() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    cat >&2 <<-'MESSAGE'
		Error: Database is uninitialized and superuser password is not specified.
		       Set POSTGRES_PASSWORD, or POSTGRES_PASSWORD_FILE to the path of a file that holds it:
		       the database is not made without one. POSTGRES_HOST_AUTH_METHOD=trust does without a
		       password and lets everybody in who can reach the port.
	MESSAGE
    exit 1
  fi
  if [ "$POSTGRES_HOST_AUTH_METHOD" = trust ]; then
    echo "warning: POSTGRES_HOST_AUTH_METHOD=trust lets everybody in who can reach the port, without a password" >&2
  fi
}

docker_init_database_dir() {
  # The server asks for the name of its user; a number that has none is given one.
  if ! id -un > /dev/null 2>&1; then
    NSS_WRAPPER_PASSWD="$(mktemp)" NSS_WRAPPER_GROUP="$(mktemp)"
    echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" > "$NSS_WRAPPER_PASSWD"
    echo "postgres:x:$(id -g):" > "$NSS_WRAPPER_GROUP"
    export LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
  fi
  local options=(--username="$POSTGRES_USER")
  if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then options+=(--waldir="$POSTGRES_INITDB_WALDIR"); fi
  # POSTGRES_INITDB_ARGS is words of the shell, quotes included.
  if [ -n "$POSTGRES_PASSWORD" ]; then
    eval 'initdb "${options[@]}" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") '"$POSTGRES_INITDB_ARGS"' "$@"'
  else
    eval 'initdb "${options[@]}" '"$POSTGRES_INITDB_ARGS"' "$@"'
  fi
  if [ -n "${NSS_WRAPPER_PASSWD:-}" ]; then
    rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
    unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
  fi
}

# Whoever comes from another address proves who they are, by the method that the server's passwords are stored for.
pg_setup_hba_conf() {
  if [ "$1" = postgres ]; then shift; fi
  local method="${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "$@")}"
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

# A server that only this container reaches, while the database is being filled.
docker_temp_server_start() {
  if [ "$1" = postgres ]; then shift; fi
  set -- "$@" -c listen_addresses= -p "${PGPORT:-5432}"
  is_temporary_server_up=true
  PGUSER="${PGUSER:-$POSTGRES_USER}" pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@")" -w start
}

docker_temp_server_stop() {
  is_temporary_server_up=
  PGUSER="${PGUSER:-postgres}" pg_ctl -D "$PGDATA" -m fast -w stop
}

# docker_process_sql [PSQL-ARGUMENT...]: runs SQL from its arguments or from standard input in the new database.
docker_process_sql() {
  local query=(psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc)
  if [ -n "$POSTGRES_DB" ]; then query+=(--dbname "$POSTGRES_DB"); fi
  PGHOST= PGHOSTADDR= "${query[@]}" "$@"
}

docker_setup_db() {
  local exists
  exists="$(POSTGRES_DB= docker_process_sql --dbname postgres --set db="$POSTGRES_DB" --tuples-only <<< "SELECT 1 FROM pg_database WHERE datname = :'db';")"
  if [ -z "$exists" ]; then
    POSTGRES_DB= docker_process_sql --dbname postgres --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
  fi
}

# Runs what is in /docker-entrypoint-initdb.d, in the order of the names.
docker_process_init_files() {
  # Scripts that are sourced use this name.
  psql=(docker_process_sql)
  local file
  for file; do
    [ -e "$file" ] || continue
    case "$file" in
      *.sh)
        if [ -x "$file" ]; then
          printf '%s: running %s\n' "$0" "$file"
          "$file"
        else
          printf '%s: sourcing %s\n' "$0" "$file"
          . "$file"
        fi
        ;;
      *.sql) printf '%s: running %s\n' "$0" "$file"; docker_process_sql -f "$file" ;;
      *.sql.gz) printf '%s: running %s\n' "$0" "$file"; gunzip -c "$file" | docker_process_sql ;;
      *.sql.xz) printf '%s: running %s\n' "$0" "$file"; xzcat "$file" | docker_process_sql ;;
      *) printf '%s: ignoring %s\n' "$0" "$file" ;;
    esac
  done
}

initialize() {
  docker_verify_minimum_env
  # A folder that cannot be read is better known before than after.
  ls /docker-entrypoint-initdb.d > /dev/null
  # The first process of a container is told to stop in vain unless it listens.
  trap 'exit 143' TERM INT QUIT
  trap 'if [ -n "$is_temporary_server_up" ]; then pg_ctl -D "$PGDATA" -m fast -w stop || :; fi' EXIT
  docker_init_database_dir
  pg_setup_hba_conf "$@"
  export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
  docker_temp_server_start "$@"
  docker_setup_db
  docker_process_init_files /docker-entrypoint-initdb.d/*
  docker_temp_server_stop
  unset PGPASSWORD
  trap - TERM INT QUIT EXIT
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

wants_help() {
  local argument
  for argument; do
    case "$argument" in
      -'?' | --help | --describe-config | -V | --version) return 0 ;;
    esac
  done
  return 1
}

main() {
  if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
  if [ "$1" = postgres ] && ! wants_help "$@"; then
    # Secrets may be readable by root only, so they are read before the user is changed.
    docker_setup_env
    docker_create_db_directories
    if [ "$(id -u)" = 0 ]; then exec su-exec postgres "$BASH_SOURCE" "$@"; fi
    if [ -z "$DATABASE_ALREADY_EXISTS" ]; then
      initialize "$@"
    else
      printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
    fi
    local name
    for name in $from_files; do unset "$name"; done
    unset ENTRYPOINT_FROM_FILES
  fi
  exec "$@"
}

main "$@"
