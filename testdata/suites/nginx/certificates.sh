# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # variables of nginx.sh
# certificates.sh: certificates are written as they are, and what nginx does not load is an error before.

certs=$root/testdata/certs
"$SVCRULES" compile --target nginx -f "$root/testdata/golden/nginx/tls-chain/input.yaml" -o "$work/chain" --quiet >/dev/null 2>&1
same "a chain is kept whole and in order" "" "$(cat "$certs/leaf.crt" "$certs/root.crt" | cmp - "$work/chain/tls_default_cert.crt" 2>&1)"
same "its key" "" "$(cmp "$certs/leaf.key" "$work/chain/tls_default_cert.key" 2>&1)"

# What this nginx does not load is an error before.
for name in weak sha1; do
	printf 'events {}\nhttp { server { listen 4443 ssl; ssl_certificate %s; ssl_certificate_key %s; } }\n' \
		"$certs/$name.crt" "$certs/$name.key" >"$work/one.conf"
	at nginx -t -q -c "$work/one.conf" -g "$more" </dev/null >/dev/null 2>&1
	same "nginx refuses $name" 1 $?
done
