# Trees of other Debian releases, for xrt-headers, test-on-debian-13 and package, which source it after common.sh.
# The backports of Debian 13 have an XRT that npuscribe can use.
DEBIAN_13=trixie
DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Prints the name of a release that npuscribe is built on: 13 is trixie.
debian_suite() { # VERSION
    case $1 in
        12) echo bookworm ;;
        13) echo "$DEBIAN_13" ;;
        *) die "npuscribe is built on Debian 12 and 13, not on '$1'" ;;
    esac
}

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

# Runs a command, and shows what it printed only where it fails.
quietly() { # COMMAND...
    local log
    log=$(mktemp)
    "$@" >"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        rm -f "$log"
        die "this failed: $*"
    }
    rm -f "$log"
}

# Makes a minimal Debian tree of a suite, where it is not there from last time.
make_debian_tree() { # SUITE TREE
    local suite=$1 tree=$2 mirror
    ((EUID == 0)) || die "a Debian tree is made with debootstrap and chroot, which need root: sudo $0"
    if [[ ! -e $tree/.npuscribe-complete ]]; then
        command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
        mirror=$(debian_mirror)
        say "Making a Debian tree of $suite in $tree"
        quietly debootstrap --variant=minbase --include=ca-certificates "$suite" "$tree" "$mirror"
        # How the mirror is reached (proxies) is as on this machine; daemons are not started.
        apt-config dump | grep -E '^Acquire::(http|https|Check)' >"$tree/etc/apt/apt.conf.d/99acquire" || true
        printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d" && chmod +x "$tree/usr/sbin/policy-rc.d"
        touch "$tree/.npuscribe-complete"
    fi
    grep -qx "VERSION_CODENAME=$suite" "$tree/etc/os-release" || die "$tree is a tree of another release, not of $suite; give another directory"
    cp --dereference /etc/resolv.conf /etc/hosts "$tree/etc/"
}

# Runs a command in a tree, with the directories of TREE_MOUNTS ('FROM:TO') there, read-only. Each command has a mount
# namespace of its own: what is mounted goes with it.
TREE_MOUNTS=()
in_tree() { # TREE COMMAND...
    unshare --mount --propagation private sh -ec '
        tree=$1
        shift
        mount -t proc proc "$tree/proc"
        mount --bind /dev "$tree/dev"
        mount --bind /sys "$tree/sys"
        while [ "$1" != -- ]; do
            mkdir -p "$tree${1##*:}"
            mount --bind "${1%:*}" "$tree${1##*:}"
            mount -o remount,bind,ro "$tree${1##*:}"
            shift
        done
        shift
        exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
    ' sh "$1" "${TREE_MOUNTS[@]}" -- "${@:2}" </dev/null
}

# Installs packages in a tree that lists them; apt's options may come first.
install_in_tree() { # TREE [OPTION...] PACKAGE...
    quietly in_tree "$1" apt-get -qq install -y --no-install-recommends "${@:2}"
}
