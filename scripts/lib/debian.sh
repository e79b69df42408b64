# shellcheck shell=bash
# Where Debian's packages come from, as this machine's own apt is configured; sourced by toolchain, fetch, doctor.
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
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
}
