#!/bin/sh
# Provide what the tests need beside Python: Chromium, swaks, curl, nc and Node.js from Debian's packages, Nodemailer
# from npm, and mail servers and clients that are unpacked into .cache/peers and never installed, since mail
# servers replace each other and a user's own. Run from the top of the checkout; it does nothing that was done
# before.
set -eu

PEERS="postfix opensmtpd msmtp libsasl2-modules" # the last: Postfix signs in with it
FOLDER=.cache/peers
NODEMAILER=6.10.1
NODE=.cache/clients

fail() {
    echo "tests/provide.sh: $1" >&2
    echo "make test needs a Debian-like system with: chromium, libatomic1, swaks with libnet-ssleay-perl," >&2
    echo "libio-socket-inet6-perl and netbase, curl, openssl, netcat-openbsd, iproute2, nftables, nodejs, npm, the" >&2
    echo "packages $PEERS to unpack (not install), and nodemailer $NODEMAILER from npm." >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

updated=
update() { # once, and only when something is to be fetched
    [ -n "$updated" ] || as_root apt-get -qq update || fail "apt-get update failed"
    updated=yes
}

install() {
    command -v apt-get >/dev/null || fail "missing: $*; there is no apt-get here to install them with"
    as_root true 2>/dev/null || fail "missing: $*; run: sudo apt-get install $*"
    update
    echo "installing $*"
    DEBIAN_FRONTEND=noninteractive as_root apt-get -qq install --no-install-recommends "$@" >.cache/apt.log 2>&1 ||
        { tail -n 20 .cache/apt.log >&2; fail "apt-get install $* failed"; }
}

libraries() { # the libraries that packages need and the system lacks, with those that they need in turn
    todo="$*" seen=" "
    while [ -n "$todo" ]; do
        found=$(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
            --no-enhances $todo | sed -n 's/^ *Depends: \(lib[^<> ]*\)$/\1/p' | sort -u)
        todo=
        for name in $found; do
            case $seen in *" $name "*) continue ;; esac
            seen="$seen$name "
            dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q ' installed$' || todo="$todo $name"
        done
        echo "$todo"
    done
}

unpack() { # unpack FOLDER PACKAGE...
    into=$1
    shift
    rm -rf "$FOLDER/download"
    mkdir -p "$FOLDER/download" "$into"
    (cd "$FOLDER/download" && apt-get -qq download "$@" 2>../apt.log) || { cat "$FOLDER/apt.log" >&2; fail "apt-get download $* failed"; }
    for package in "$FOLDER"/download/*.deb; do dpkg-deb -x "$package" "$into"; done
    rm -rf "$FOLDER/download"
}

mkdir -p "$FOLDER"

needed=
need() { # need PACKAGES COMMAND...: these packages, unless the command succeeds
    packages=$1
    shift
    "$@" >/dev/null 2>&1 || needed="$needed $packages"
}
need swaks command -v swaks
need libnet-ssleay-perl perl -MNet::SSLeay -e 1
need libio-socket-inet6-perl perl -MIO::Socket::INET6 -e 1 # swaks on IPv6
need netbase test -e /etc/protocols                        # swaks looks up tcp in it
need curl command -v curl
need openssl command -v openssl
need netcat-openbsd sh -c 'nc -h 2>&1 | grep OpenBSD'
need iproute2 command -v ip
need nftables sh -c "command -v nft || test -x /usr/sbin/nft"
need nodejs command -v node
need npm command -v npm
need "chromium fonts-dejavu-core" command -v chromium
need libatomic1 sh -c '/sbin/ldconfig -p | grep -F libatomic.so.1' # the driver of the browser
# shellcheck disable=SC2086 # a list of words
[ -z "$needed" ] || install $needed

if [ "$(cat "$FOLDER/complete" 2>/dev/null)" != "$PEERS" ]; then
    for tool in apt-get apt-cache dpkg-deb; do
        command -v $tool >/dev/null || fail "missing: $tool, to unpack $PEERS with"
    done
    if as_root true 2>/dev/null; then update; fi
    apt-cache show $PEERS >/dev/null 2>&1 || fail "apt knows no $PEERS; run: sudo apt-get update"
    echo "unpacking $PEERS into $FOLDER"
    for peer in $PEERS; do unpack "$FOLDER/$peer" "$peer"; done
    # OpenSMTPD 6 keeps its keys in a process of their own, in a way that OpenSSL 3 broke and an engine mends
    # (github.com/OpenSMTPD/OpenSMTPD/issues/1171); systems with a newer OpenSMTPD no longer have the engine.
    engine=libengine-pkcs11-openssl
    if apt-cache show $engine >/dev/null 2>&1; then unpack "$FOLDER/engine" $engine; else engine=; fi
    missing=$(libraries $PEERS $engine)
    # shellcheck disable=SC2086 # a list of words
    [ -z "$(echo $missing)" ] || unpack "$FOLDER/libraries" $missing
    echo "$PEERS" >"$FOLDER/complete"
fi

if ! grep -qs "\"version\": \"$NODEMAILER\"" "$NODE/node_modules/nodemailer/package.json"; then
    echo "fetching nodemailer $NODEMAILER into $NODE"
    mkdir -p "$NODE"
    npm install --no-package-lock --no-audit --no-fund --loglevel=error --prefix "$NODE" "nodemailer@$NODEMAILER" \
        >"$NODE/npm.log" 2>&1 || { cat "$NODE/npm.log" >&2; fail "npm install nodemailer@$NODEMAILER failed"; }
fi
