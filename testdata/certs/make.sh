#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make.sh DIR: makes the certificates and keys of the tests in DIR, anew. They are public, and
# protect nothing. Dates are extreme, so that no test depends on the day on which it runs.
set -eu
dir=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

new_ca() { # new_ca: forgets what was signed
	: >index
	echo 01 >serial
	cat >conf <<-'CONF'
		[ca]
		default_ca = ca
		database = index
		serial = serial
		new_certs_dir = .
		policy = any
		unique_subject = no
		[any]
		commonName = optional
	CONF
}

key_of() { # key_of FILE TYPE
	case $2 in
	ec) openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1" ;;
	rsa*) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$1" 2>/dev/null ;;
	*) openssl genpkey -algorithm "$2" -out "$1" ;;
	esac
}

# make NAME TYPE COMMON-NAME EXTENSIONS START END [ISSUER [HASH]]
make() {
	local sign=(-selfsign -keyfile "$1.key")

	new_ca
	key_of "$1.key" "$2"
	openssl req -new -key "$1.key" -subj "/CN=$3" -out request
	printf '[ext]\n%s\n' "$4" >ext
	[ -z "${7:-}" ] || sign=(-cert "$7.crt" -keyfile "$7.key")
	openssl ca -batch -notext -config conf "${sign[@]}" -in request -out "$1.crt" -startdate "$5" -enddate "$6" \
		-md "${8:-default}" -extfile ext -extensions ext 2>log || { cat log >&2; exit 1; }
	openssl x509 -in "$1.crt" -out "$1.pem"
	mv "$1.pem" "$1.crt"
}

always='20000101000000Z 99991231235959Z'
# shellcheck disable=SC2086 # two words
{
	make site ec site 'subjectAltName=DNS:a.example.com,DNS:b.example.com' $always
	make other ec other 'subjectAltName=DNS:c.example.com' $always
	make wild ec wild 'subjectAltName=DNS:*.example.com' $always
	make name ec a.example.com 'basicConstraints=CA:FALSE' $always
	make rsa rsa2048 rsa 'subjectAltName=DNS:a.example.com' $always
	make ed25519 ed25519 ed25519 'subjectAltName=DNS:a.example.com' $always
	make weak rsa1024 weak 'subjectAltName=DNS:a.example.com' $always
	make root ec root 'basicConstraints=critical,CA:TRUE' $always
	make middle ec middle 'basicConstraints=critical,CA:TRUE' $always root
	make leaf ec leaf 'subjectAltName=DNS:a.example.com' $always middle
	make sha1 ec sha1 'subjectAltName=DNS:a.example.com' $always root sha1
}
make past ec past 'subjectAltName=DNS:a.example.com' 19900101000000Z 20000101000000Z
make early ec early 'subjectAltName=DNS:a.example.com' 99980101000000Z 99991231235959Z
cat middle.crt >>leaf.crt
openssl pkcs8 -topk8 -in site.key -passout pass:password -out encrypted.key
rm -f middle.key root.key
{
	echo '/* SPDX-License-Identifier: GPL-2.0-or-later */'
	echo '/* Of make.sh: certificates and keys for tests, in base64 as a Secret has them. */'
	for f in site.crt site.key other.key wild.crt wild.key name.crt name.key; do
		name=${f//./_}
		printf '#define CERTS_%s \\\n' "${name^^}"
		base64 -w 80 "$f" | sed 's/.*/\t"&" \\/; $s/ \\$//'
	done
} >certs.h
mv ./*.key ./*.crt certs.h "$dir"
