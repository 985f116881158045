# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# size.sh: 5,000 Ingresses with 20,000 paths compile within two seconds, nginx accepts the result, and
# one endpoint changes one file; whatever one tenant writes, the time grows in proportion.

cluster=${CLUSTER:-$root/build/cluster}
count=${SIZE:-5000}

# least FILE: the least time of three runs, in milliseconds of the processor
least() {
	perl -e '
	my $best;
	for (1 .. 3) {
		my $pid = fork // die;
		if (!$pid) { open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null"; exec @ARGV; }
		my (@before) = times; waitpid $pid, 0; my @after = times;
		my $ms = 1000 * ($after[2] + $after[3] - $before[2] - $before[3]);
		$best = $ms if !defined $best || $ms < $best;
	}
	printf "%d\n", $best;' "$SVCRULES" compile --target nginx -f "$1"
}

big() { # big [OPTION...]: the cluster
	"$cluster" --services "$count" --endpoints 3 "$@"
	"$cluster" --services "$count" --form ingresses
}

big >"$work/big.json"
same "Ingresses" "$count" "$(grep -c '"kind": "Ingress"' "$work/big.json")"
same "paths" $((count * 4)) "$(grep -c '"path": ' "$work/big.json")"
took=$(least "$work/big.json")
ok "compile took $took ms" [ "$took" -lt 2000 ]
"$SVCRULES" compile --target nginx -f "$work/big.json" -o "$work/conf" >"$work/said" 2>&1
same "compile" 0 $?
same "not a warning: $(grep -m 1 warning "$work/said")" 0 "$(grep -c warning "$work/said")"
ok "nginx accepts it" at nginx -t -q -c "$work/conf/nginx.conf" -g "$more"
same "servers" $((count + 2)) "$(grep -cE '^\s*server \{' "$work/conf/nginx.conf")"
echo "size: compile took $took ms for $count Ingresses, nginx.conf has $(stat -c %s "$work/conf/nginx.conf") bytes"
cp -r "$work/conf" "$work/before"
big --replace-endpoint >"$work/one.json"
"$SVCRULES" compile --target nginx -f "$work/one.json" -o "$work/conf" >"$work/said" 2>&1
same "one endpoint: files that change" upstreams.conf \
	"$(diff -rq "$work/before" "$work/conf" | grep -v '\.svcrules' | sed 's/ and .*//; s|.*/||' | paste -sd ' ')"
same "one endpoint: lines that change" 2 "$(diff "$work/before/upstreams.conf" "$work/conf/upstreams.conf" | grep -c '^[<>]')"

# ---- what one tenant may write ----

# many KIND COUNT: Ingresses of 500 paths each
many() {
	awk -v kind="$1" -v count="$2" 'BEGIN {
		print "{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"clusterIP\":\"10.96.0.1\",\"ports\":[{\"port\":80}]}}"
		print "{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"web-1\",\"labels\":{\"kubernetes.io/service-name\":\"web\"}}," \
		      "\"ports\":[{\"port\":8080}],\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]}]}"
		for (i = 0; i < count; i++) {
			if (i % 500 == 0) {
				if (i) print "]}}]}}"
				note = kind == "expressions" ? "\"annotations\":{\"nginx.ingress.kubernetes.io/use-regex\":\"true\"}," : ""
				printf "{\"kind\":\"Ingress\",\"metadata\":{%s\"name\":\"i-%d\"},\"spec\":{\"ingressClassName\":\"nginx\"," \
				       "\"rules\":[{\"host\":\"x.example.com\",\"http\":{\"paths\":[", note, i
			} else printf ","
			path = "/p" i
			if (kind == "nested") for (k = 0; k < i % 100; k++) path = path "/" k
			if (kind == "expressions") path = "/(p|q)" i "/[a-z]+"
			if (kind == "twice") path = "/same"
			if (kind == "slashes") path = path "/"
			type = kind == "expressions" ? "ImplementationSpecific" : kind == "slashes" ? "Exact" : "Prefix"
			printf "{\"path\":\"%s\",\"pathType\":\"%s\",\"backend\":{\"service\":{\"name\":\"web\",\"port\":{\"number\":80}}}}", path, type
		}
		print "]}}]}}"
	}'
}

for kind in plain nested slashes expressions twice; do
	many $kind 4000 >"$work/few.json"
	many $kind 16000 >"$work/many.json"
	few=$(least "$work/few.json")
	all=$(least "$work/many.json")
	ok "$kind: 4,000 paths took $few ms, 16,000 took $all ms" [ "$all" -lt $((few * 8 + 100)) ]
	"$SVCRULES" compile --target nginx -f "$work/few.json" -o "$work/conf" >"$work/said" 2>&1
	ok "$kind: nginx accepts it" at nginx -t -q -c "$work/conf/nginx.conf" -g "$more"
done

# ranges COUNT: an Ingress with so many source ranges and as many paths
ranges() {
	awk -v count="$1" 'BEGIN {
		printf "{\"kind\":\"Ingress\",\"metadata\":{\"name\":\"i\",\"annotations\":{\"nginx.ingress.kubernetes.io/allowlist-source-range\":\""
		for (i = 0; i < count; i++) printf "10.%d.%d.0/24,", i / 250, i % 250
		printf "\"}},\"spec\":{\"ingressClassName\":\"nginx\",\"rules\":[{\"host\":\"x.example.com\",\"http\":{\"paths\":["
		for (i = 0; i < count; i++)
			printf "%s{\"path\":\"/p%d\",\"pathType\":\"Prefix\",\"backend\":{\"service\":{\"name\":\"web\",\"port\":{\"number\":80}}}}", i ? "," : "", i
		print "]}}]}}"
		print "{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"clusterIP\":\"10.96.0.1\",\"ports\":[{\"port\":80}]}}"
	}'
}

ranges 1000 >"$work/few.json"
ranges 4000 >"$work/many.json"
few=$(least "$work/few.json")
all=$(least "$work/many.json")
ok "ranges: 1,000 with as many paths took $few ms, 4,000 took $all ms" [ "$all" -lt $((few * 8 + 100)) ]
"$SVCRULES" compile --target nginx -f "$work/many.json" -o "$work/conf" >"$work/said" 2>&1
same "ranges: each stands once" 4000 "$(grep -cE '^\s*(allow |deny |)10\.[0-9]+\.[0-9]+\.0/24' "$work/conf/nginx.conf")"
ok "ranges: nginx accepts it" at nginx -t -q -c "$work/conf/nginx.conf" -g "$more"
