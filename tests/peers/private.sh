#!/bin/sh
# Runs a command where only it and its children see the accounts and folders that mail servers want to find.
# Called inside `unshare --mount`, so nothing outside changes: private.sh FOLDER COMMAND...
set -eu
folder=$1
shift
add() {
    echo "$1:x:$2:$2::/nonexistent:/usr/sbin/nologin" >>"$folder/passwd"
    echo "$1:x:$2:" >>"$folder/group"
}
cat /etc/passwd >"$folder/passwd"
cat /etc/group >"$folder/group"
for name in postfix postdrop opensmtpd opensmtpq; do sed -i "/^$name:/d" "$folder/passwd" "$folder/group"; done
add postfix 8101
add postdrop 8102
add opensmtpd 8103
add opensmtpq 8104
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/group" /etc/group
[ ! -e "$folder/hosts" ] || mount --bind "$folder/hosts" /etc/hosts
for place in /var/spool /var/lib /run; do mount -t tmpfs tmpfs $place; done
mkdir -m 711 /var/spool/smtpd
mkdir -p /var/lib/opensmtpd/empty
if [ -d "$folder/queue" ]; then # Postfix wants owners that exist only in here
    chown -R postfix "$folder/queue" "$folder/data"
    chgrp postdrop "$folder/queue/public" "$folder/queue/maildrop"
    chown root "$folder/queue" "$folder/queue/pid"
fi
exec "$@"
