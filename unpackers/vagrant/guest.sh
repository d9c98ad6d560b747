#!/bin/sh
# What rpz does inside the virtual machine, as root (docs/vagrant.md):
#
#     sh guest.sh ACTION ROOT [ARGUMENT]...
#
# ROOT is the experiment's file system: a folder, or "/" where it is the machine's own. Names and
# contents arrive on standard input, where no shell reads them. Exit statuses of read and write:
# 65 there is no such file, 66 it isn't a regular file.
set -eu
LC_ALL=C
export LC_ALL
umask 022

state=/var/lib/rpz
action=$1
given=$2
root=${2%/}
shift 2
missing=65
not_a_file=66

# Sets $found to where a path that standard input begins with, of $1 bytes, leads below the root.
locate() {
  left=$(head -c "$1" && echo .)
  left=${left%.}
  done=
  links=0
  while [ -n "$left" ]; do
    name=${left%%/*}
    case $left in
    */*) left=${left#*/} ;;
    *) left= ;;
    esac
    case $name in
    '' | .) continue ;;
    ..)
      done=${done%/*}
      continue
      ;;
    esac
    if [ -L "$root$done/$name" ]; then
      links=$((links + 1))
      [ "$links" -le 40 ] || exit "$missing"
      link=$(readlink -n -- "$root$done/$name" && echo .)
      link=${link%.}
      case $link in /*) done= ;; esac
      left=$link/$left
    else
      done=$done/$name
    fi
  done
  found=$root$done
  [ -n "$found" ] || found=/
}

# Sets $pid to that of the job's rpz-init, once it takes signals; nothing where it has ended, or
# isn't started.
await_init() {
  pid=
  rounds=0
  while [ ! -e "$state/$1.ended" ] && [ "$rounds" -lt 600 ]; do
    rounds=$((rounds + 1))
    if [ -s "$state/$1.pid" ]; then
      read -r pid <"$state/$1.pid"
      case $(readlink "/proc/$pid/exe") in
      # It has a child once it takes signals; a kernel may be built without that list.
      */.rpz/init)
        children=/proc/$pid/task/$pid/children
        [ -e "$children" ] || return 0
        child=
        read -r child _ <"$children" || true # which ends without a newline
        [ -z "$child" ] || return 0
        ;;
      esac
    fi
    sleep 0.05
  done
  pid=
}

case $action in

# Puts the tar archive on standard input into the place of what is in the root.
unpack)
  mkdir -p "$state"
  set -- --extract --file=- --preserve-permissions --numeric-owner --same-owner \
    --warning=no-timestamp --warning=no-unknown-keyword
  if [ -n "$root" ]; then
    rm -rf "$root.new" "$root.old"
    mkdir -p "$root.new"
    tar "$@" -C "$root.new"
    [ -x "$root.new/.rpz/init" ] # the last one: an archive may end early between two files
    [ ! -e "$root" ] || mv "$root" "$root.old"
    mv "$root.new" "$root"
    rm -rf "$root.old"
  else
    tar "$@" --skip-old-files -C /
  fi
  touch "$state/unpacked"
  sync
  ;;

# Lists what was changed since then, each path with "." before it and a NUL byte after it.
changes)
  cd "$root/"
  find . -xdev \( -path ./.rpz -o -path ".$state" \) -prune -o ! -type d -cnewer "$state/unpacked" -print0
  ;;

# read LENGTH: writes the content of the file that the path names.
read)
  locate "$1"
  [ -e "$found" ] || exit "$missing"
  [ -f "$found" ] || exit "$not_a_file"
  cat "$found"
  ;;

# write LENGTH SIZE OWNER: puts what follows the path into the place of a file; a new one is
# OWNER's, and where that is "-" none is made.
write)
  locate "$1"
  if [ -e "$found" ]; then
    [ -f "$found" ] || exit "$not_a_file"
    like=$found
  else
    [ "$3" != - ] && [ -d "${found%/*}/" ] || exit "$missing"
    like=
  fi
  temporary=${found%/*}/.rpz-upload-$$
  trap 'rm -f "$temporary"' EXIT
  cat >"$temporary"
  [ "$(stat -c %s "$temporary")" = "$2" ]
  if [ -n "$like" ]; then
    chown --reference="$like" "$temporary"
    chmod --reference="$like" "$temporary"
  else
    chown "$3" "$temporary"
  fi
  sync "$temporary"
  mv -f "$temporary" "$found"
  ;;

# control JOB LENGTH: takes what rpz-init reads, then names of signals for it, a line each, and "END"
# when the run has ended. Where that doesn't come, rpz was killed, or can't be reached: the run ends.
control)
  head -c "$2" >"$root/.rpz/runs/$1"
  echo ready
  while read -r name; do
    [ "$name" != END ] || break
    await_init "$1"
    [ -z "$pid" ] || kill -s "$name" "$pid" || true
  done
  if [ "${name:-}" != END ]; then
    await_init "$1"
    [ -z "$pid" ] || kill -s KILL "$pid" || true
  fi
  rm -f "$state/$1.pid" "$state/$1.ended" "$root/.rpz/runs/$1"
  ;;

# run JOB NETWORK: performs the job. It becomes three processes: this, which has a mount namespace,
# without the network if so wished; one that waits, and survives what the terminal sends; and
# rpz-init, the first in a namespace of processes, so that all of them end with it.
run)
  case $2 in
  yes) exec unshare --mount sh "$0" mount "$given" "$@" ;;
  *) exec unshare --mount --net sh "$0" mount "$given" "$@" ;;
  esac
  ;;

mount)
  [ "$2" = yes ] || ip link set lo up
  if [ -n "$root" ]; then
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
  fi
  exec unshare --pid sh "$0" wait "$given" "$@"
  ;;

wait)
  trap : INT QUIT TERM HUP
  status=0
  sh "$0" begin "$given" "$@" || status=$?
  : >"$state/$1.ended" # which takes no process: no other can be started in the namespace
  exit "$status"
  ;;

begin)
  read -r pid _ </proc/self/stat
  mount -t proc proc "$root/proc"
  echo "$pid" >"$state/$1.pid"
  exec chroot "${root:-/}" /.rpz/init "$1"
  ;;

*)
  echo "rpz: $action is no action" >&2
  exit 64
  ;;
esac
