# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# hostile.sh: each line of hostile.txt is refused with exit 3 and nothing written, and the message
# names object and field; or nginx accepts it, and what others are served does not change.

start_endpoints
certificate tls odd.example.com
long=$(printf 'a%.0s' {1..5000})
huge=$(head -c 300000 /dev/zero | tr '\0' a)
many=$(printf 'XAB, %.0s' {1..1200})XAB
back=$(printf '\\\\\\\\%.0s' {1..1500})
tls_crt=$(base64 -w0 "$work/tls.crt")
tls_key=$(base64 -w0 "$work/tls.key")
ff=$(printf '\377')
users=$(printf 'alice:%s\n' "$(openssl passwd -apr1 -salt 01234567 wonder)" | base64 -w0)

# odd FIELD TEXT: objects as JSON in which the field has the text
odd() {
	local field=$1 text=$2 host=odd.example.com tlshost=odd.example.com path=/odd notes='' service=web port=http ns=default name=odd
	local secret=tls class=nginx old='' address=10.1.0.1 mapkey=bob type=Prefix own

	text=${text//<LONG>/$long}
	text=${text//<HUGE>/$huge}
	text=${text//<MANY>/$many}
	text=${text//<BACK>/$back}
	text=${text//<FF>/$ff}
	case $field in
	'a '*) notes="\"$n/${field#a }\":\"$text\"" ;;
	'cors '*) notes="\"$n/enable-cors\":\"true\",\"$n/${field#cors }\":\"$text\"" ;;
	'auth '*)
		notes="\"$n/auth-type\":\"basic\",\"$n/auth-secret\":\"users\""
		own=${field#auth }
		notes="\"$n/$own\":\"$text\"$(tr , '\n' <<<"$notes" | grep -v "/$own\"" | sed 's/^/,/' | tr -d '\n')"
		;;
	'errors '*) notes="\"$n/default-backend\":\"web\",\"$n/${field#errors }\":\"$text\"" ;;
	key) notes="\"$n/$text\":\"x\"" ;;
	regex) path=$text notes="\"$n/use-regex\":\"true\"" type=ImplementationSpecific ;;
	oldclass) old="\"kubernetes.io/ingress.class\":\"$text\"" class= ;;
	mapkey) mapkey=$text notes="\"$n/auth-type\":\"basic\",\"$n/auth-secret\":\"map\",\"$n/auth-secret-type\":\"auth-map\"" ;;
	*) printf -v "$field" '%s' "$text" ;;
	esac
	printf '{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"victim","namespace":"default"},"spec":{'
	printf '"ingressClassName":"nginx","rules":[{"host":"victim.example.com","http":{"paths":[{"path":"/","pathType":"Prefix",'
	printf '"backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}}\n'
	printf '{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"%s","namespace":"%s","annotations":{%s}},"spec":{' \
		"$name" "$ns" "$notes$old"
	[ -z "$class" ] || printf '"ingressClassName":"%s",' "$class"
	printf '"tls":[{"hosts":["%s"],"secretName":"%s"}],' "$tlshost" "$secret"
	printf '"rules":[{"host":"%s","http":{"paths":[{"path":"%s","pathType":"%s",' "$host" "$path" "$type"
	printf '"backend":{"service":{"name":"%s","port":{"name":"%s"}}}}]}}]}}\n' "$service" "$port"
	printf '{"kind":"Service","apiVersion":"v1","metadata":{"name":"web"},"spec":{"clusterIP":"10.96.0.1","ports":[{"name":"http","port":80}]}}\n'
	printf '{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"web-1","labels":{"kubernetes.io/service-name":"web"}},'
	printf '"addressType":"IPv4","endpoints":[{"addresses":["10.1.0.1"]},{"addresses":["%s"]}],"ports":[{"name":"http","port":8080}]}\n' "$address"
	printf '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"tls"},"type":"kubernetes.io/tls","data":{"tls.crt":"%s","tls.key":"%s"}}\n' \
		"$tls_crt" "$tls_key"
	printf '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"users"},"type":"Opaque","data":{"auth":"%s"}}\n' "$users"
	printf '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"map"},"type":"Opaque","data":{"alice":"eA==","%s":"eA=="}}\n' "$mapkey"
}

# untouched: others are served as before, nothing is said for the text, and nothing else listens
untouched() {
	want "$what: the others" "200 web-1" http://victim.example.com/x
	ask http://odd.example.com/odd
	ok "$what: what it says" [ "$(grep -ac pwned "$work/body")$(said x)$(said set-cookie)" = 0 ]
	same "$what: what listens" "$listening" "$(at ss -Hltn | awk '{ print $4 }' | sort | paste -sd ' ')"
}

# named_by FIELD: what the message must name, of object and field, as a pattern
named_by() {
	object='Ingress default/odd'
	case $1 in
	address) object='EndpointSlice default/web-1' where='endpoints\[1\]\.addresses\[0\]' ;;
	mapkey) object='(Secret|Ingress) default/' where='(data|annotations)' ;;
	ns) object=Ingress where='metadata\.namespace' ;;
	name) object=Ingress where='metadata\.name' ;;
	*\ *) where="metadata\.annotations\.$n/${1#* }" ;;
	key) where='metadata\.annotations' ;;
	host) where='spec\.rules\[0\]\.host' ;;
	tlshost | secret) where='spec\.tls' ;;
	path | regex) where='spec\.rules\[0\]\.http\.paths\[0\]\.path' ;;
	service | port) where='spec\.rules\[0\]\.http\.paths\[0\]' ;;
	*) where=spec ;;
	esac
}

odd none '' >"$work/objects.json"
load "nothing odd" "$work/objects.json"
listening=$(at ss -Hltn | awk '{ print $4 }' | sort | paste -sd ' ')
want "nothing odd" "200 web-1" http://victim.example.com/x
lines=0
while IFS='|' read -r field outcome text; do
	[[ $field != \#* ]] || continue
	lines=$((lines + 1))
	what="$field '${text:0:60}'"
	odd "$field" "$text" >"$work/objects.json"
	rm -rf "$work/conf.new"
	"$SVCRULES" compile --target nginx -f "$work/objects.json" -o "$work/conf.new" >"$work/said" 2>&1
	rc=$?
	case $outcome/$rc in
	refused/3 | either/3 | input/3)
		ok "$what: nothing is written" [ ! -e "$work/conf.new" ]
		[ "$outcome" != input ] || continue
		named_by "$field"
		told=$(tr -d '\0' <"$work/said")
		[[ $told =~ json:\ $object && $told =~ $where ]]
		same "$what: object and field are named: ${told:0:300}" 0 $?
		[[ $'\n'$told != *$'\n'[!s]* && $told == svcrules:* ]]
		same "$what: each line is a message: ${told:0:300}" 0 $?
		;;
	harmless/0 | either/0)
		if compile "$work/objects.json"; then
			reload
			untouched
		else
			ok "$what: nginx accepts it: $(head -n 1 "$work/said")" false
		fi
		;;
	*) same "$what: exit status" "$outcome" "$rc: $(head -n 1 "$work/said")" ;;
	esac
done <"$here/hostile.txt"
ok "enough lines: $lines" [ "$lines" -gt 60 ]
