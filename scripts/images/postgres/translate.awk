# Translates settings of PostgreSQL 11 for the server of version `major`. `mode` says what is read and what is written:
#   needed         a configuration file; "yes" or "no"
#   configuration  a configuration file; the same with everything it includes in its place, translated
#   recovery       recovery.conf, then postgresql.auto.conf; what postgresql.auto.conf becomes
#   signal         recovery.conf; the name of the file that makes the server what recovery.conf made it
#   argument       the variable `setting`, as name=value; the same translated, or nothing
# With `quiet` nothing is said of it.
BEGIN {
  # Settings that a version took away, by that version.
  gone["checkpoint_segments"] = 10; gone["replacement_sort_tuples"] = 11; gone["sql_inheritance"] = 10
  gone["default_with_oids"] = 12; gone["wal_keep_segments"] = 13; gone["operator_precedence_warning"] = 14
  gone["vacuum_cleanup_index_scale_factor"] = 14; gone["stats_temp_directory"] = 15
  gone["promote_trigger_file"] = 16; gone["vacuum_defer_cleanup_age"] = 16
  gone["db_user_namespace"] = 17; gone["old_snapshot_threshold"] = 17; gone["trace_recovery_messages"] = 17
  segmentMegabytes = 16
  if (mode == "argument") {
    split(setting, part, "=")
    name = tolower(part[1]); gsub(/-/, "_", name)
    value = substr(setting, length(part[1]) + 2)
    if (!changes(name, value)) print setting
    else if (replacement != "") { print newName "=" newValue; say(name " is " newName " now") }
    else say(name " is left out: this server does not have it")
    exit
  }
  if (mode == "needed") { print scan(ARGV[1], 0) ? "yes" : "no"; exit }
  if (mode == "configuration") { write(ARGV[1], 0); if (told != "") say(substr(told, 3)); exit }
  if (mode == "signal") {
    signal = "recovery.signal"
    while ((getline line < ARGV[1]) > 0)
      if (parse(line) && name == "standby_mode" && tolower(value) ~ /^(on|true|yes|1|t|y|tr|tru|ye)$/) signal = "standby.signal"
    print signal
    exit
  }
  if (mode == "recovery") {
    count = 0
    while ((getline line < ARGV[1]) > 0) {
      if (!parse(line) || name == "standby_mode") continue
      if (name == "trigger_file") name = "promote_trigger_file"
      if (name in gone && major >= gone[name]) { say(name " is left out: this server does not have it"); continue }
      if (!(name in new)) order[count++] = name
      new[name] = quoted(value)
    }
    while ((getline line < ARGV[2]) > 0) if (!parse(line) || !(name in new)) print line
    for (i = 0; i < count; i++) print order[i] " = " new[order[i]]
    exit
  }
}

# Whether a setting has to be changed; if so, newName and newValue are what takes its place, or replacement is empty.
function changes(name, value,    plain) {
  replacement = ""
  plain = tolower(value)
  gsub(/^'|'$/, "", plain)
  if (name == "password_encryption" && major >= 14 && plain ~ /^(on|true|yes|1|off|false|no|0)$/) return replace(name, "md5")
  if (!(name in gone) || major < gone[name]) return 0
  if (name == "wal_keep_segments") return replace("wal_keep_size", (plain * segmentMegabytes) "MB")
  if (name == "checkpoint_segments") return replace("max_wal_size", (plain * 3 * segmentMegabytes) "MB")
  return 1
}

function replace(name, value) {
  replacement = "yes"
  newName = name
  newValue = value
  return 1
}

# Reads a line of a configuration file into name and value, the value without its quotes.
function parse(line,    rest) {
  if (!match(line, /^[ \t]*[A-Za-z_][A-Za-z0-9_.$]*/)) return 0
  name = tolower(substr(line, RSTART, RLENGTH))
  sub(/^[ \t]*/, "", name)
  rest = substr(line, RSTART + RLENGTH)
  sub(/^[ \t]*=?[ \t]*/, "", rest)
  if (match(rest, /^'([^']|'')*'/)) {
    value = substr(rest, 2, RLENGTH - 2)
    gsub(/''/, "'", value)
  } else {
    sub(/[ \t]*(#.*)?$/, "", rest)
    sub(/\r$/, "", rest)
    value = rest
  }
  return 1
}

function quoted(value) {
  gsub(/'/, "''", value)
  return "'" value "'"
}

function directoryOf(path) {
  return match(path, /.*\//) ? substr(path, 1, RLENGTH) : ""
}

# The files that an include names, in the order in which the server reads them.
function included(from, name, value, files,    path, command, count, found) {
  path = value ~ /^\// ? value : directoryOf(from) value
  if (name != "include_dir") { files[1] = path; return 1 }
  command = "ls -1 '" path "' 2> /dev/null"
  while ((command | getline found) > 0) if (found ~ /^[^.].*\.conf$/) files[++count] = path "/" found
  close(command)
  return count
}

function isInclude(name) {
  return name == "include" || name == "include_if_exists" || name == "include_dir"
}

function scan(path, depth,    line, files, count, i) {
  if (depth > 10) return 0
  while ((getline line < path) > 0) {
    if (!parse(line)) continue
    if (isInclude(name)) {
      count = included(path, name, value, files)
      for (i = 1; i <= count; i++) if (scan(files[i], depth + 1)) return 1
    } else if (changes(name, value)) return 1
  }
  close(path)
  return 0
}

function write(path, depth,    line, files, count, i, status, kind) {
  if (depth > 10) return
  while ((status = (getline line < path)) > 0) {
    if (!parse(line)) print line
    else if (isInclude(name)) {
      kind = name
      count = included(path, name, value, files)
      for (i = 1; i <= count; i++) {
        # What is not there and must be is left to the server to complain of.
        if (kind == "include" && !exists(files[i])) print "include " quoted(files[i])
        else write(files[i], depth + 1)
      }
    } else if (!changes(name, value)) print line
    else if (replacement != "") { print newName " = " newValue; told = told ", " name " is " newName " now" }
    else { print "# " line; told = told ", " name " is left out" }
  }
  close(path)
}

function exists(path,    line, status) {
  status = (getline line < path)
  close(path)
  return status >= 0
}

function say(text) {
  if (!quiet) print "postgres: written for an older server: " text > "/dev/stderr"
}
