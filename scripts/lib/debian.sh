# shellcheck shell=bash
# Where Debian's packages come from, as this machine's own apt is configured; sourced by toolchain, fetch, doctor,
# and by who has a root of its own: prove, report.
# No address is written here: apt knows it, and a machine without a Debian archive (Ubuntu) has mmdebstrap's default.

# The archive's address: $DEBIAN_MIRROR, or what apt's sources say in whatever format they are (by the Release file's
# label once apt has fetched it, by the path before), or what the toolchain root was made from. May be nothing.
debian_mirror() {
	local uri='' root
	if [ -n "${DEBIAN_MIRROR:-}" ]; then
		uri=$DEBIAN_MIRROR
	elif command -v apt-get >/dev/null; then
		uri=$({
			apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' 'Origin: Debian' 'Label: Debian'
			apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' | grep -E '/debian/*$'
		} 2>/dev/null | awk 'NR == 1') || true
	fi
	root=$(toolchain_dir)
	if [ -z "$uri" ] && [ -f "$root/etc/apt/sources.list" ]; then
		uri=$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")
	fi
	echo "${uri%/}"
}

# apt's proxy settings as arguments for mmdebstrap, which does not read this machine's configuration.
apt_proxies() {
	command -v apt-config >/dev/null || return 0
	apt-config dump | grep -E '^Acquire::(http|https|ftp)::Proxy ' | sed 's/^/--aptopt=/' || true
}

is_debian_like() { grep -qsE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release; }

# What the scripts call outside the toolchain root: the tool, its package, what it costs to lack it.
host_tools() {
	cat <<-TOOLS
		git git no kernel tree
		mmdebstrap mmdebstrap no toolchain root
		xz xz-utils the kernel tarball cannot be unpacked
		make make no verbs
		flock util-linux no locks
		bats bats the scripts cannot be tested
		shellcheck shellcheck the scripts cannot be checked
	TOOLS
}

may_install() { [ "$(id -u)" -eq 0 ] && is_debian_like; }

# Install the host's tools that are missing: as root on Debian or Ubuntu nothing needs to be installed by hand.
ensure_host_tools() {
	local tool pkg missing=()
	while read -r tool pkg _; do
		command -v "$tool" >/dev/null || missing+=("$pkg")
	done < <(host_tools)
	[ ${#missing[@]} -gt 0 ] || return 0
	may_install || die 3 "missing packages: ${missing[*]}" "as root: apt-get install ${missing[*]}"
	step "$CACHE/logs/apt.log" "install ${missing[*]}" apt_install "${missing[@]}"
}
apt_install() {
	local install=(apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@") # someone else may install
	export DEBIAN_FRONTEND=noninteractive
	"${install[@]}" || { apt-get update && "${install[@]}"; }
}

# Roots beside the toolchain's, for what only one verb needs: lib/NAME.list has the packages, SUITE PACKAGE a line; each
# suite is a root of its own, and a change of the list makes a new one.
side_packages() { sed -n "s/#.*//; s/^$2 //p" "$TOP/scripts/lib/$1.list"; } # NAME SUITE
side_root() { echo "$CACHE/root-$1-$2-$(side_packages "$1" "$2" | sha256sum | cut -c1-12)"; }

# A suite's Release file is as old as its mirror, and may have passed the day that it was to be renewed: its signature
# counts all the same.
# shellcheck disable=SC2016 # for the hook's shell
make_side_root() { # NAME SUITE DIRECTORY
	local mode=root mirror proxies
	[ "$(id -u)" -eq 0 ] || mode=unshare
	mirror=$(debian_mirror)
	mapfile -t proxies < <(apt_proxies)
	mmdebstrap --mode=$mode --variant=minbase --architectures=amd64 --format=tar "${proxies[@]}" \
		--aptopt='Acquire::Check-Valid-Until "false"' --include="$(side_packages "$1" "$2" | paste -sd,)" \
		--customize-hook='mkdir -p "$1/linux" "$1/out" "$1/repo" "$1/ccache"' "$2" - ${mirror:+"$mirror"} |
		tar -x -C "$3" --no-same-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*'
}

# Make the root if it is not there. One that cannot be made is no error here: whoever wants it says what that costs.
ensure_side_root() { # NAME SUITE
	local root tmp
	[ "$TOOLCHAIN" = root ] || return 0
	root=$(side_root "$1" "$2")
	[ ! -d "$root/usr" ] || return 0
	lock "$CACHE/locks/root-$1" "the cache of roots"
	[ ! -d "$root/usr" ] || return 0
	mkdir -p "$CACHE"
	tmp=$(mktemp -d "$CACHE/.root.XXXXXX")
	on_exit "rm -rf --one-file-system '$tmp'"
	if ! step -k "$CACHE/logs/$1-$2.log" "make the Debian $2 root for \`make $1\`" make_side_root "$1" "$2" "$tmp"; then
		warn "no Debian $2 root: $(first_error "$CACHE/logs/$1-$2.log") ($CACHE/logs/$1-$2.log)"
		return 0
	fi
	chmod 755 "$tmp"
	mv -T "$tmp" "$root"
}

in_side_root() { # NAME SUITE COMMAND...
	BPF_ASYNC_ROOT=$(side_root "$1" "$2") in_root "${@:3}"
}
