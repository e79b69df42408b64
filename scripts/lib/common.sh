# shellcheck shell=bash
# What the scripts share. Source it first:  . "$(dirname "$0")/lib/common.sh"
#
# Needs bash 4.4, coreutils, util-linux. Leaves nothing but lock files in the cache and build directories.
#
# Exit statuses of every script:
#   0    all is well
#   1    a test or a check failed
#   2    usage: unknown BASE, ARCH, KERNEL, verb or name
#   3    set-up: missing tool, no network, disk full, bad download, patch that does not apply, failed build
#   4    a guest hung and was ended by its time limit
#   5    a kernel panicked, or reported a bug on the console
#   130  interrupted (143: terminated)
#
# Settings, from the environment or make's command line:
#   BASE=v6.19  ARCH=x86_64|arm64  KERNEL=plain|debug|kcsan|rt|up|regress  TOOLCHAIN=root|host
#   SOURCE=directory or tarball  TREE=kernel tree  JOBS=n  NOWAIT=1 (stop rather than wait for a lock)
#   BUILD_TOP=directory instead of build/ (with TREE and TESTS_LIST: another state of the series, for checks/patch/test_progs)
set -euo pipefail
export LC_ALL=C.UTF-8 # what git, make and the compiler say is looked for in English

export TOP
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
CACHE=${BPF_ASYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bpf-async}
BASE=${BASE:-v6.19}
ARCH=${ARCH:-x86_64}
KERNEL=${KERNEL:-plain}
TOOLCHAIN=${TOOLCHAIN:-root}
JOBS=${JOBS:-$(($(nproc) + 1))}
SUITE=trixie # Debian's release that the toolchain root is made of

say() { printf '%s\n' "$@"; }
warn() { printf '%s\n' "$*" >&2; }

# die STATUS MSG...: each further argument is a line, the last ones saying what to do.
die() {
	local status=$1
	shift
	printf 'error: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '       %s\n' "$@" >&2
	exit "$status"
}

# Clean-up commands run last-in first-out on every kind of exit; each is one string.
ON_EXIT=()
on_exit() { ON_EXIT+=("$1"); }
run_on_exit() {
	local i
	trap '' PIPE # Ctrl-C ends who reads what is said here, too
	for ((i = ${#ON_EXIT[@]} - 1; i >= 0; i--)); do eval "${ON_EXIT[i]}" || true; done
	ON_EXIT=()
}
trap run_on_exit EXIT
# A command that nobody expected to fail must not end a script without a word.
trap 'warn "error: $0, line $LINENO: \`$BASH_COMMAND\` failed (status $?)"' ERR
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# need TOOL PACKAGE...: pairs; all that is missing is named at once.
need() {
	local tools=() pkgs=()
	while [ $# -gt 0 ]; do
		type -P "$1" >/dev/null || { tools+=("$1") pkgs+=("$2"); }
		shift 2
	done
	[ ${#tools[@]} -eq 0 ] || die 3 "missing: ${tools[*]}" \
		"install it with: apt-get install ${pkgs[*]}" "\`make doctor\` shows everything that this machine lacks."
}

# need_space DIRECTORY MIB WHAT
need_space() {
	local free
	mkdir -p "$1" || die 3 "cannot write to $1"
	free=$(df --output=avail -m "$1" | tail -n1)
	[ "$free" -ge "$2" ] || die 3 "disk full: $3 needs $2 MiB in $1, $((free)) MiB are free" \
		"free some space (the cache $CACHE may be deleted), or point XDG_CACHE_HOME to a larger disk."
}

# The line of a log that tells why a command failed: the first that looks like an error, else the last.
first_error() {
	grep -m1 -nE '(^|[^[:alnum:]_-])(error|fatal( error)?|not found|No such file|undefined reference|No space left|Cannot|cannot|Killed)([^[:alnum:]_-]|$)|\*\*\*|^E: |FAILED|rejected' "$1" ||
		grep -nv '^[[:space:]]*$' "$1" | tail -n1 || true
}

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# A line a second on a terminal, one in half a minute in a log: what runs, for how long, how far its log is.
ticker() {
	local log=$1 title=$2 start=$SECONDS next=30 last fd
	for fd in "${LOCK_FDS[@]}"; do exec {fd}>&-; done # a ticker that outlives its script must not hold its locks
	exec {fd}<> <(:) # to wait on: a sleep would outlive a killed ticker and keep the pipe open that this writes to
	while ! read -rt 1 -u "$fd"; do
		if [ -t 1 ]; then
			last=$(tail -n1 "$log" 2>/dev/null | tr -dc '[:print:]' | cut -c1-60)
			printf '\r\e[K%s  %s  %s' "$title" "$(clock $((SECONDS - start)))" "$last"
		elif ((SECONDS - start >= next)); then
			next=$((next + 30))
			printf '%s ... %s, %s lines in the log\n' "$title" "$(clock $((SECONDS - start)))" "$(wc -l <"$log")"
		fi
	done
}

# step [-k] LOG TITLE CMD...: run CMD with its output in LOG and progress on the terminal. A failure names the log
# and its first failing line and exits 3; with -k the status of CMD is returned instead (CMD should be a program
# then: bash ignores errexit in functions that run under a condition). $STEP_HINT is the last line on failure.
step() {
	local keep='' log title start=$SECONDS tick rc errexit=$-
	[ "$1" != -k ] || { keep=1; shift; }
	log=$1 title=$2
	shift 2
	mkdir -p "$(dirname "$log")"
	: >"$log" || die 3 "cannot write the log $log" "is the disk full?"
	ticker "$log" "$title" &
	tick=$!
	on_exit "kill $tick 2>/dev/null"
	set +e # not `|| rc=$?`: that would switch errexit off inside a function that is CMD
	(
		set -e
		"$@"
	) >"$log" 2>&1 </dev/null
	rc=$?
	[[ $errexit != *e* ]] || set -e
	kill "$tick" 2>/dev/null
	wait "$tick" 2>/dev/null || true
	unset 'ON_EXIT[-1]'
	[ ! -t 1 ] || printf '\r\e[K'
	if [ $rc -eq 0 ]; then
		say "$title: $(clock $((SECONDS - start)))"
		return 0
	fi
	[ $rc -ne 130 ] && [ $rc -ne 143 ] || exit $rc
	[ -z "$keep" ] || return $rc
	die 3 "$title failed (status $rc) after $(clock $((SECONDS - start)))" \
		"first failing line: $(first_error "$log")" "whole log: $log" ${STEP_HINT:+"$STEP_HINT"}
}

# lock FILE WHAT [-s]: hold FILE's lock until this script ends (-s: beside others who only read); waits for another run
# and says who it is. A script that a holder started passes through, so that verbs can call each other.
LOCK_FDS=()
lock() {
	local file fd
	need flock util-linux
	mkdir -p "$(dirname "$1")"
	file=$(readlink -f "$(dirname "$1")")/$(basename "$1")
	case ":${BPF_ASYNC_LOCKS:-}:" in *":$file:"*) return 0 ;; esac
	exec {fd}>>"$file" || die 3 "cannot write the lock $file"
	if ! flock -n "${3:--x}" "$fd"; then
		[ -z "${NOWAIT:-}" ] || die 3 "$2 is in use by $(tail -n1 "$file")" "wait for it to end, or stop it."
		warn "waiting: $2 is in use by $(tail -n1 "$file")"
		flock "${3:--x}" "$fd"
	fi
	LOCK_FDS+=("$fd")
	printf 'process %s (%s, since %s)\n' $$ "$(basename "$0")" "$(date -u +%H:%M:%S)Z" >"$file"
	export BPF_ASYNC_LOCKS="${BPF_ASYNC_LOCKS:-}:$file"
}

one_of() { # VARIABLE CHOICE...
	local name=$1
	shift
	[[ " $* " == *" ${!name} "* ]] || die 2 "unknown $name=${!name}" "choose one of: $*"
}

known_bases() { (cd "$TOP/bases" && printf '%s\n' *.env | sed 's/\.env$//' | sort -V | tr '\n' ' '); }

# load_base [NAME]: read bases/NAME.env, check all settings, and set the paths that follow from them:
#   BUILD=build/BASE  TREE=build/BASE/tree  KOUT=build/BASE/ARCH-KERNEL  PATCHES=patches/BASE
load_base() {
	BASE=${1:-$BASE}
	[[ $BASE =~ ^[A-Za-z0-9._-]+$ && -f $TOP/bases/$BASE.env ]] ||
		die 2 "unknown BASE=$BASE" "choose one of: $(known_bases)"
	one_of ARCH x86_64 arm64
	one_of KERNEL plain debug kcsan rt up regress
	one_of TOOLCHAIN root host
	# shellcheck source=/dev/null
	. "$TOP/bases/$BASE.env"
	BUILD=${BUILD_TOP:-$TOP/build}/$BASE
	TREE=$(readlink -m "${TREE:-$BUILD/tree}")
	KOUT=$BUILD/$ARCH-$KERNEL
	PATCHES=${PATCHES:-$TOP/patches/$BASE}
	export BASE ARCH KERNEL TOOLCHAIN TREE BUILD KOUT
}

# Make's variables for the kernel and the selftests of ARCH.
arch_make() {
	case $ARCH in
	x86_64) echo ARCH=x86_64 ;;
	arm64) echo ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- ;;
	esac
}

# make for the kernel in $TREE with the build directory $OUT
kmake() {
	local -a arch
	read -ra arch <<<"$(arch_make)"
	in_root make -C /linux O=/out "${arch[@]}" "$@"
}

toolchain_packages() { sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$TOP/scripts/lib/toolchain.list"; }

# The root that TOOLCHAIN=root means: its name carries everything that decides what is in it.
toolchain_dir() {
	[ -z "${BPF_ASYNC_ROOT:-}" ] || { echo "$BPF_ASYNC_ROOT" && return; }
	echo "$CACHE/root-$SUITE-$({ echo "$SUITE recipe 1" && toolchain_packages; } | sha256sum | cut -c1-12)"
}

# Runs inside the private mount namespace: nothing stays mounted, however this ends.
# $1 root or "host", $2 a directory to mount on for "host", then SOURCE=TARGET binds, "--", the command.
# shellcheck disable=SC2016 # for the inner shell
ENTER='
set -e
root=$1 host=$2; shift 2
if [ "$root" = host ]; then
	root=$host
	mount -t tmpfs -o mode=755 none "$root"
	for d in /*; do
		if [ -L "$d" ]; then cp -P "$d" "$root/"
		elif [ -d "$d" ]; then mkdir -p "$root$d"; case $d in /proc|/sys|/dev|/tmp) ;; *) mount --rbind "$d" "$root$d" ;; esac
		fi
	done
	mkdir -p "$root/linux" "$root/out" "$root/repo" "$root/ccache"
else
	mount --rbind "$root" "$root"
	mount -o remount,bind,ro "$root" 2>/dev/null || true # not where the disk has flags that a user may not drop
fi
for d in proc sys dev; do mount --rbind /$d "$root/$d"; done
mount -t tmpfs -o mode=1777 none "$root/tmp"
mkdir -p "$root/tmp/home"
while [ "$1" != -- ]; do
	mount --rbind "${1%=*}" "$root/${1##*=}" # a directory may have a = in its name, a place in the root has none
	shift
done
shift
exec chroot "$root" "$@"
'

BINDS=()
# in_root [--net] CMD...: run CMD in the toolchain root (or in the host's own, seen at the same paths), with
# $TREE at /linux, $OUT at /out, the repository at /repo, the compiler cache at /ccache, and what the array BINDS
# says ("/dir/here=dir/there"). The fixed paths make ccache hits and outputs independent of where a checkout lies.
# No network unless asked for.
# Not ccache's depend mode: it does not see what an assembler file includes with .incbin, and gave a kernel that was
# packed before for one whose packed size is the same. The namespace leaves behind what was cached in that mode.
in_root() {
	local flags=(-m) binds=("$TOP=repo" "$CACHE/ccache=ccache") root=host
	if [ "${1:-}" = --net ]; then shift; else flags+=(-n); fi
	[ "$(id -u)" -eq 0 ] || flags+=(-r)
	if [ "$TOOLCHAIN" = root ]; then
		root=$(toolchain_dir)
		[ -d "$root/usr" ] || die 3 "the toolchain root $root is not there" "make it with: make toolchain"
	fi
	mkdir -p "$CACHE/ccache" "$CACHE/host-root"
	[ ! -d "${TREE:-}" ] || binds+=("$TREE=linux")
	if [ -n "${OUT:-}" ]; then
		mkdir -p "$OUT"
		binds+=("$OUT=out")
	fi
	binds+=("${BINDS[@]}")
	unshare "${flags[@]}" true 2>/dev/null || die 3 "this user may not make namespaces (unshare ${flags[*]})" \
		"run as root, or allow it: sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0"
	unshare "${flags[@]}" sh -c "$ENTER" enter "$root" "$CACHE/host-root" "${binds[@]}" -- \
		env -i -C /repo HOME=/tmp/home PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
		CCACHE_DIR=/ccache CCACHE_MAXSIZE=10G CCACHE_NAMESPACE=incbin CCACHE_SLOPPINESS=include_file_mtime,include_file_ctime \
		KBUILD_BUILD_TIMESTAMP=2026-11-22 KBUILD_BUILD_USER=bpf-async KBUILD_BUILD_HOST=localhost "$@"
}
