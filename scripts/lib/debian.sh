# Debian 13's packages on another Debian: shared by xrt-headers and test-on-debian-13, sourced after common.sh.
# XRT of the version npuscribe needs is in the backports suite of Debian 13.
DEBIAN_13=trixie
DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Prints the address this machine's own apt takes Debian from.
debian_mirror() {
    command -v apt-get >/dev/null || die "$(basename "$0") takes packages from Debian's mirrors with apt-get, and this machine has none"
    local codename address
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    # 'http://host/debian/dists/bookworm/InRelease' name size: one line for each suite of the sources
    address=$(apt-get --print-uris update 2>/dev/null | sed -n "s|^'\(.*\)/dists/$codename/InRelease'.*|\1|p" | head -n 1)
    [[ $address == mirror+file:* ]] && address=$(grep -m1 -oE '^[a-z]+://[^[:space:]]+' "${address#mirror+file:}")
    [[ -n $address ]] || die "apt's sources name no Debian mirror for '$codename'; see /etc/apt/sources.list"
    [[ -r $DEBIAN_KEYRING ]] || die "$DEBIAN_KEYRING is missing: apt-get install debian-archive-keyring"
    printf '%s\n' "${address%/}"
}

# Prints Debian 13's sources, in apt's deb822 format, for a system whose keyring is at DEBIAN_KEYRING.
debian_13_sources() { # MIRROR
    printf 'Types: deb\nURIs: %s\nSuites: %s %s-backports\nComponents: main\nSigned-By: %s\n' \
        "$1" "$DEBIAN_13" "$DEBIAN_13" "$DEBIAN_KEYRING"
}
