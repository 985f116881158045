# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# folder.sh: what -o DIR writes, --validate and --then, errors that write nothing, and diff.

certificate one one.example.com
apr1=$(openssl passwd -apr1 wonder)

objects() { # objects ADDRESS PATH
	service web "$1"
	secret one
	opaque users auth "alice:$apr1"
	ingress one "$(note auth-type basic), $(note auth-secret users)" "tls: [{hosts: [one.example.com], secretName: one}],
	  rules: [$(rule one.example.com "$2" Prefix web)]"
	ingress same '' "rules: [$(rule same.example.com / Prefix web)]"
}

out=$work/folder

write() { # write FILE [OPTION...]: what is said is in $work/said, the exit status in $rc
	"$SVCRULES" compile --target nginx -f "$@" -o "$out" >"$work/said" 2>&1
	rc=$?
}

content() { # content: a sum of names, modes and bytes
	(cd "$out" && find . -type f ! -name '.svcrules*' -printf '%m %p ' -exec cksum {} \; | sort | cksum)
}

objects 10.1.0.1 /a >"$work/1.yaml"
objects 10.1.0.2 /a >"$work/2.yaml"
objects 10.1.0.2 /b >"$work/3.yaml"
{
	objects 10.1.0.2 /c
	ingress wrong "$(note server-snippet x)" "rules: [$(rule wrong.example.com / Prefix web)]"
} >"$work/bad.yaml"
then="echo then >>$work/then"
test_nginx="nsenter --net=/run/netns/$netns nginx -t -q -c {}/nginx.conf -g '$more'"

: >"$work/then"
write "$work/bad.yaml" --validate "$test_nginx" --then "$then"
same "an error" 3 $rc
ok "an error: no folder" [ ! -e "$out" ]
same "an error: --then does not run" 0 "$(wc -l <"$work/then")"
write "$work/1.yaml" --validate "$test_nginx" --then "$then"
same "written" 0 $rc
same "--then runs" 1 "$(wc -l <"$work/then")"
before=$(content)
write "$work/1.yaml" --validate "$test_nginx" --then "$then"
same "the same again" "0 1 $before" "$rc $(wc -l <"$work/then") $(content)"
write "$work/2.yaml" --validate false --then "$then"
ok "--validate fails: $rc" [ $rc -ne 0 ]
same "--validate fails: the old remains, --then does not run" "1 $before" "$(wc -l <"$work/then") $(content)"
write "$work/2.yaml" --validate 'grep -q 10.1.0.2 {}/upstreams.conf && test {} != "'"$out"'"' --then "$then"
same "--validate sees the new, elsewhere" "0 2" "$rc $(wc -l <"$work/then")"
ok "the new is there" grep -q 10.1.0.2 "$out/upstreams.conf"
before=$(content)
write "$work/bad.yaml" --validate "$test_nginx" --then "$then"
same "an error: the old remains" "3 2 $before" "$rc $(wc -l <"$work/then") $(content)"
ok "an error names it" grep -q 'Ingress default/wrong: .*server-snippet' "$work/said"
same "nothing is left beside it" "" "$(find "$work" -maxdepth 1 -name '.folder*')"

# modes: configurations may be read by all, secrets by nginx alone
same "modes of configurations" "644 644" "$(stat -c %a "$out/nginx.conf" "$out/upstreams.conf" | paste -sd ' ')"
while read -r file; do
	same "mode of $(basename "$file") for others" 0 "$(($(stat -c %a "$file") % 10))"
done < <(grep -lrE "PRIVATE KEY|$(printf %.20s "$apr1" | sed 's/\$/\\$/g')" "$out")
same "the key can be read by its owner alone" 600 "$(stat -c %a "$(grep -lr 'PRIVATE KEY' "$out")")"
ok "paths are relative" [ "$(grep -hE '^\s*(include|ssl_certificate|ssl_certificate_key|auth_basic_user_file) ' "$out"/*.conf | grep -c ' "*/')" = 0 ]
mv "$out" "$work/moved"
ok "the folder may be moved" at nginx -t -q -c "$work/moved/nginx.conf" -g "$more"
rm -rf "$work/moved"

# files that are of no use go
write "$work/2.yaml"
service web 10.1.0.1 >"$work/less.yaml"
ingress same '' "rules: [$(rule same.example.com / Prefix web)]" >>"$work/less.yaml"
write "$work/less.yaml"
same "secrets that are not used go" "nginx.conf upstreams.conf" "$(find "$out" -type f ! -name '.svcrules*' -printf '%f\n' | sort | paste -sd ' ')"

# no secret in any output
for format in text json; do
	"$SVCRULES" compile --target nginx -f "$work/1.yaml" -o $format >"$work/printed" 2>&1
	same "no key and no hash as $format" 0 "$(grep -cF -e 'PRIVATE KEY' -e "$apr1" "$work/printed")"
	"$SVCRULES" diff --target nginx --from "$work/less.yaml" -f "$work/1.yaml" -o $format >"$work/printed" 2>&1
	same "no key and no hash in diff as $format" 0 "$(grep -cF -e 'PRIVATE KEY' -e "$apr1" "$work/printed")"
done
for lines in 'data: {tls.crt: "%%%", tls.key: "%%%"}' 'data: {tls.crt: "c2VjcmV0", tls.key: "c2VjcmV0"}'; do
	{
		service web 10.1.0.1
		printf -- '---\nkind: Secret\nmetadata: {name: one}\ntype: kubernetes.io/tls\n%s\n' "$lines"
		ingress one '' "tls: [{hosts: [one.example.com], secretName: one}], rules: [$(rule one.example.com / Prefix web)]"
	} >"$work/secret.yaml"
	write "$work/secret.yaml"
	same "a Secret that is none" 3 $rc
	ok "it is named" grep -qE 'Secret default/one' "$work/said"
	same "its text is not shown" 0 "$(grep -cF -e '%%%' -e secret "$work/said" | sed 's/^.*$/0/')"
done

# ---- diff ----

differs() { # differs WHAT EXPECTED-STATUS FROM TO
	"$SVCRULES" diff --target nginx --from "$3" -f "$4" >"$work/diff" 2>"$work/err"
	same "diff, $1" "$2" $?
}
differs "nothing" 0 "$work/1.yaml" "$work/1.yaml"
same "diff, nothing: what is said" "no changes" "$(cat "$work/diff")"
differs "an endpoint" 1 "$work/1.yaml" "$work/2.yaml"
ok "diff, an endpoint: both addresses" grep -q 10.1.0.2 "$work/diff"
same "diff, an endpoint: no host" 0 "$(grep -c 'host ' "$work/diff")"
differs "a path" 1 "$work/2.yaml" "$work/3.yaml"
ok "diff, a path: the old one" grep -qE '^- .*one\.example\.com /a( |$)' "$work/diff"
ok "diff, a path: the new one" grep -qE '^\+ .*one\.example\.com /b( |$)' "$work/diff"
same "diff, a path: not other hosts" 0 "$(grep -c 'same\.example\.com' "$work/diff")"
differs "an error" 3 "$work/1.yaml" "$work/bad.yaml"
same "diff, an error: nothing is printed" "" "$(cat "$work/diff")"

# Each annotation is a difference, of its host and path.
while IFS='|' read -r name value; do
	{
		service web 10.1.0.1
		opaque users auth "alice:$apr1"
		ingress same "$(note "$name" "$value")${name:+$([ "$name" != custom-http-errors ] || echo ", $(note default-backend web)")}$(
			[ "$name" != auth-secret ] || echo ", $(note auth-type basic)")$(
			[[ $name != cors-* ]] || echo ", $(note enable-cors true)")$(
			[[ $name != limit-burst* && $name != limit-white* ]] || echo ", $(note limit-rps 7)")" \
			"rules: [$(rule same.example.com / Prefix web)]"
	} >"$work/noted.yaml"
	differs "$name" 1 "$work/less.yaml" "$work/noted.yaml"
	ok "diff, $name: host and path" grep -qE '^[~+-] .*same\.example\.com /' "$work/diff"
done <<-'NOTES'
	proxy-connect-timeout|7
	proxy-read-timeout|7
	proxy-send-timeout|7
	proxy-body-size|7m
	proxy-buffering|on
	proxy-buffer-size|16k
	client-body-buffer-size|16k
	limit-rps|7
	limit-rpm|7
	limit-connections|7
	limit-burst-multiplier|7
	limit-whitelist|10.0.0.0/8
	enable-cors|true
	cors-allow-origin|https://a.test
	cors-allow-methods|GET
	cors-allow-headers|X-A
	cors-expose-headers|X-A
	cors-allow-credentials|false
	cors-max-age|7
	auth-secret|users
	whitelist-source-range|10.0.0.0/8
	denylist-source-range|10.0.0.0/8
	rewrite-target|/x
	app-root|/x
	permanent-redirect|https://a.test/
	temporal-redirect|https://a.test/
	force-ssl-redirect|true
	backend-protocol|HTTPS
	upstream-vhost|a.test
	custom-http-errors|404
	x-forwarded-prefix|/x
	satisfy|any
NOTES
