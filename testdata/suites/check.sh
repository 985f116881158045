#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check.sh [--update] [NAME...]: 'svcrules check' finds the mistake in each input below
# testdata/golden/check, by the check that the folder is named after and by no other; each check has
# such an input. The examples are clean. Options, formats, exit statuses, and the time that all
# checks take. --update rewrites the expected output; read the diff before you commit it.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
cases=$root/testdata/golden/check
shop=$root/testdata/example/shop
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
update=false
if [ "${1:-}" = --update ]; then
	update=true
	shift
fi
only=("$@")

ok() { # ok WHAT COMMAND...: the command must succeed
	local what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $what"
	fi
}

# run STATUS ARGUMENT...: 'svcrules check' must end so; its output is in $tmp/out and $tmp/err
run() {
	local want=$1 got
	shift
	"$SVCRULES" check "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	[ $got -eq "$want" ] || { echo "check $*: ended with $got, expected $want: $(head -n 3 "$tmp/out" "$tmp/err")"; return 1; }
}

# The checks of all findings, one a line.
found() { # found ARGUMENT...
	"$SVCRULES" check -o json "$@" </dev/null | sed -nE 's/^ *"check": "([a-z-]+)",?$/\1/p'
}
says() { grep -qF -e "$1" "$tmp/out" "$tmp/err"; }

# ---- the inputs with one mistake ----

"$SVCRULES" help --checks | sed -nE 's/^  ([a-z][a-z-]*) .*/\1/p' >"$tmp/checks"

# The check that a folder is named after: the longest name that the folder has, or that a dash
# follows in it. (So "port-names-equal" is no input of port-name.)
check_of() {
	local name longest=
	while read -r name; do
		[[ $1 = "$name" || $1 = "$name"-* ]] && [ ${#name} -gt ${#longest} ] && longest=$name
	done <"$tmp/checks"
	echo "$longest"
}

# Two services that lead to one another are one mistake of both.
findings_of() { [ "$1" = external-name-loop ] && echo 2 || echo 1; }

run_case() { # run_case NAME
	local options=() status=0 check n level

	cd "$cases/$1" || return 1
	check=$(check_of "$1")
	n=$(findings_of "$1")
	[ ! -e options ] || read -r -a options < <(cat options)
	options=(-f input.yaml ${options[@]+"${options[@]}"})
	"$SVCRULES" check "${options[@]}" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	found "${options[@]}" >"$tmp/found"
	if [ "$(sort "$tmp/found" | uniq -c | xargs)" != "$n $check" ]; then
		echo "$1: found $(xargs <"$tmp/found"), expected $n of '$check'"
		return 1
	fi
	! $update || cp "$tmp/out" expected.txt
	diff -u --label "$1/expected.txt" --label now expected.txt "$tmp/out" || return 1
	# notices alone are no failure
	if [ $status -ne "$(grep -cE -m 1 '^(warning|error): ' "$tmp/out")" ] || [ -s "$tmp/err" ]; then
		echo "$1: ended with $status, and said $(cat "$tmp/err")"
		return 1
	fi
	# switched off, nothing is found, and with -E there are errors
	level=$(found "${options[@]}" -W "no-$check")
	[ -z "$level" ] || { echo "$1: found although it is off: $level"; return 1; }
	"$SVCRULES" check "${options[@]}" -E "$check" >"$tmp/error" </dev/null
	[ $? -eq 1 ] && [ "$(grep -c '^error: ' "$tmp/error")" -eq "$n" ] && ! grep -qE '^(warning|notice): ' "$tmp/error"
}

part_cases() {
	local name path
	for path in "$cases"/*/; do
		name=$(basename "$path")
		ok "$name" run_case "$name"
	done
	ok "at least 40 inputs" [ "$(find "$cases" -name input.yaml | wc -l)" -ge 40 ]
	while read -r name; do
		[ -d "$cases/$name" ] || echo "$name"
	done <"$tmp/checks" >"$tmp/untried"
	ok "each check has an input: $(xargs <"$tmp/untried")" [ ! -s "$tmp/untried" ]
}

# ---- the examples ----

# The shop with the Secrets that its README.md makes; its hosts are those of a certificate that is
# valid on every day.
make_shop() { # make_shop DIR
	local file name
	mkdir "$1"
	for file in "$shop"/*.yaml; do
		sed 's/api[.]friday-go[.]icu/b.example.com/; s/friday-go[.]icu/a.example.com/' "$file" >"$1/$(basename "$file")"
	done
	for name in friday-go api-friday-go; do
		printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: production}\ntype: kubernetes.io/tls\n' "$name"
		printf 'data: {tls.crt: "%s", tls.key: "%s"}\n---\n' "$(base64 -w 0 "$root/testdata/certs/site.crt")" \
			"$(base64 -w 0 "$root/testdata/certs/site.key")"
	done >"$1/secrets.yaml"
}

part_examples() {
	make_shop "$tmp/shop"
	ok "the shop is clean" run 0 -f "$tmp/shop"
	ok "the shop: all checks are run" [ "$(cat "$tmp/out")" = "nothing found" ]
	# its frontend is not ready, as README.md shows
	ok "the services" run 1 -f "$root/testdata/example/services.json"
	ok "the services: one finding" [ "$(grep -c '^warning: ' "$tmp/out")" -eq 1 ]
	ok "the services: it is true" says 'Service production/frontend-svc: spec.ports[0]: 2 endpoints, none is ready [not-ready]'
	ok "the services and policies" run 1 -f "$root/testdata/example/services.json" -f "$root/testdata/example/policies.json"
	ok "the services and policies: nothing else" [ "$(grep -c '^warning: ' "$tmp/out")" -eq 1 ]
	ok "for a node" run 1 -f "$root/testdata/example/services.json" -f "$root/testdata/example/policies.json" --node-name node1
	ok "for a node: nothing else" [ "$(grep -c '^warning: ' "$tmp/out")" -eq 1 ]
	# manifests alone
	mkdir "$tmp/manifests" && cp "$tmp/shop"/*.yaml "$tmp/manifests" && rm "$tmp/manifests"/{cluster,secrets}.yaml
	ok "manifests" run 0 -f "$tmp/manifests"
	ok "manifests: what is missing" says 'not run without EndpointSlices or Pods: dual-stack, '
	ok "manifests: nothing found" says 'nothing found'
}

# What 'kubectl create --dry-run=client -o yaml' and people write: no uid, no status, no address.
write_manifests() {
	cat <<-'EOF'
		apiVersion: apps/v1
		kind: Deployment
		metadata: {creationTimestamp: null, labels: {app: web}, name: web}
		spec:
		  replicas: 2
		  selector: {matchLabels: {app: web}}
		  strategy: {}
		  template:
		    metadata: {creationTimestamp: null, labels: {app: web}}
		    spec:
		      containers:
		      - {image: nginx, name: nginx, ports: [{containerPort: 80, name: http}], resources: {}}
		status: {}
		---
		apiVersion: v1
		kind: Service
		metadata: {creationTimestamp: null, labels: {app: web}, name: web}
		spec:
		  ports: [{port: 80, protocol: TCP, targetPort: http}]
		  selector: {app: web}
		status: {loadBalancer: {}}
		---
		apiVersion: apps/v1
		kind: StatefulSet
		metadata: {name: db}
		spec:
		  serviceName: db
		  template:
		    metadata: {labels: {app: db}}
		    spec: {containers: [{name: db, image: db, ports: [{containerPort: 5432, name: pg}]}]}
		---
		apiVersion: v1
		kind: Service
		metadata: {name: db}
		spec: {clusterIP: None, selector: {app: db}, ports: [{name: pg, port: 5432}]}
		---
		apiVersion: batch/v1
		kind: CronJob
		metadata: {name: backup}
		spec:
		  schedule: "@daily"
		  jobTemplate:
		    spec:
		      template:
		        metadata: {labels: {app: backup}}
		        spec: {restartPolicy: Never, containers: [{name: backup, image: db}]}
		---
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: db}
		spec:
		  podSelector: {matchLabels: {app: db}}
		  policyTypes: [Ingress, Egress]
		  ingress:
		  - from: [{podSelector: {matchLabels: {app: backup}}}, {podSelector: {matchLabels: {app: web}}}]
		    ports: [{port: pg}]
		  egress:
		  - to:
		    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
		      podSelector: {matchLabels: {k8s-app: kube-dns}}
		    ports: [{port: 53, protocol: UDP}, {port: dns-tcp}]
		---
		apiVersion: v1
		kind: Pod
		metadata: {creationTimestamp: null, labels: {run: one}, name: one}
		spec: {containers: [{image: nginx, name: one, resources: {}}], restartPolicy: Always}
		status: {}
		---
		apiVersion: v1
		kind: Service
		metadata: {name: one}
		spec: {selector: {run: one}, ports: [{port: 80}]}
		---
		# of an address outside, with a slice
		apiVersion: v1
		kind: Service
		metadata: {name: outside}
		spec: {ports: [{port: 5432}]}
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata: {name: outside-1, labels: {kubernetes.io/service-name: outside}}
		addressType: IPv4
		ports: [{port: 5432}]
		endpoints: [{addresses: [192.0.2.7]}]
		---
		# something in the cluster makes its Secret
		apiVersion: networking.k8s.io/v1
		kind: Ingress
		metadata: {name: web, annotations: {cert-manager.io/cluster-issuer: acme}}
		spec:
		  ingressClassName: nginx
		  tls: [{hosts: [shop.test], secretName: web-tls}]
		  rules:
		  - host: shop.test
		    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
		---
		apiVersion: v1
		kind: Secret
		metadata: {name: other}
		stringData: {a: b}
		---
		# of other programs
		apiVersion: serving.knative.dev/v1
		kind: Service
		metadata: {name: other}
		---
		# its pods are in another repository
		apiVersion: v1
		kind: Service
		metadata: {name: elsewhere, namespace: other}
		spec: {selector: {app: elsewhere}, ports: [{port: 80}]}
	EOF
}

# Prints the documents as one list, of JSON or YAML.
as_list() { # as_list json|yaml
	python3 -c '
import json, sys, yaml
l = {"apiVersion": "v1", "kind": "List", "items": list(yaml.safe_load_all(sys.stdin))}
print(json.dumps(l, indent=4) if sys.argv[1] == "json" else yaml.dump(l))' "$1"
}

part_manifests() {
	local form name
	write_manifests >"$tmp/made.yaml"
	sed 's/^    metadata: {creationTimestamp: null, labels: {app: web}}$/    metadata: {labels: {app: wbe}}/' "$tmp/made.yaml" >"$tmp/wrong-made.yaml"
	for name in '' wrong-; do
		as_list json <"$tmp/${name}made.yaml" >"$tmp/${name}list.json"
		as_list yaml <"$tmp/${name}made.yaml" >"$tmp/${name}list.yaml"
	done
	for form in made.yaml list.json list.yaml; do
		ok "manifests, $form" run 0 -f "$tmp/$form"
		ok "manifests, $form: nothing found" says 'nothing found'
		ok "manifests, $form: what is missing" says 'not run without Nodes: '
		run 1 -f "$tmp/wrong-$form"
		ok "manifests, $form: a label" says 'the selector app=web matches no pod template of namespace default; '
	done
	# the line where the object starts, whether its keys are sorted or not
	run 1 -f "$tmp/wrong-made.yaml"
	ok "manifests: the line" says "wrong-made.yaml:$(($(grep -n -m 1 'kind: Service' "$tmp/wrong-made.yaml" | cut -d: -f1) - 1)): Service default/web: "
	run 1 -f "$tmp/wrong-list.yaml"
	ok "manifests: the line in a list" says "wrong-list.yaml:$(($(grep -n -m 1 'kind: Service' "$tmp/wrong-list.yaml" | cut -d: -f1) - 1)): Service default/web: "
	# a cluster's Pods count, and Deployments no more
	printf 'kind: Pod\nmetadata: {name: web-1, labels: {app: web}, uid: x}\nspec: {containers: [{ports: [{name: http, containerPort: 80}]}]}\nstatus: {phase: Running, podIP: 10.1.0.1}\n' >"$tmp/pod.yaml"
	run 1 -f "$tmp/made.yaml" -f "$tmp/pod.yaml"
	ok "manifests and Pods" says 'Service default/db: spec.selector: the selector app=db matches no pod of namespace default'
	# of Pods that nothing is known about nobody is told that they are not ready
	ok "manifests and Pods: one is not ready" says 'Service default/web: spec.ports[0]: 1 pod matches, it is not ready'
}

# ---- options and formats ----

part_options() {
	local f=$cases/not-ready/input.yaml
	ok "a misspelt check" run 2 -f "$f" -W not-redy
	ok "a misspelt check: the nearest" says "-W: there is no check 'not-redy', did you mean 'not-ready'?"
	ok "-E no-NAME is none" run 2 -f "$f" -E no-not-ready
	ok "a check that begins with no-" run 0 -f "$cases/no-slice/input.yaml" -W no-no-slice
	ok "-E of one, -W no- of the same: the last counts" run 0 -f "$f" -E not-ready -W no-not-ready
	run 1 -f "$f" -W no-not-ready -E not-ready
	ok "-E switches on" says 'error: '
	run 1 -f "$f" -E not-ready -W not-ready
	ok "-W after -E: a warning again" says 'warning: '
	run 1 -f "$f" -E not-ready -E dual-stack
	ok "-E twice" says '1 error'
	ok "the last -W counts" run 1 -f "$f" -W no-not-ready -W not-ready
	ok "the last -W counts, turned around" run 0 -f "$f" -Wnot-ready -Wno-not-ready
	ok "a wrong range" run 2 -f "$f" --node-port-range 32000-31000
	ok "a wrong prefix" run 2 -f "$f" --allow-external-cidr x
	ok "no input" run 2
	echo '{"apiVersion":"v1","kind":"List","items":[]}' >"$tmp/nothing.json"
	run 0 -f "$tmp/nothing.json"
	ok "an empty list: not 'nothing found'" [ "$(cut -d: -f1 "$tmp/out")" = "nothing to check" ]
	run 0 -f "$tmp/nothing.json" -o github
	ok "an empty list, in a log" says 'nothing to check: '
	printf '{"kind":"Service"' >"$tmp/broken.json"
	ok "broken input" run 3 -f "$tmp/broken.json" -W no-value
	run 3 -f "$tmp/none.json"
	ok "no file: not 'nothing found'" [ ! -s "$tmp/out" ]
	run 3 -f "$tmp/none.json" -o json
	ok "no file: an empty list" grep -qF '"findings": []' "$tmp/out"
	run 3 -f "$tmp/broken.json" -W no-value
	ok "broken input: where" says "error: $tmp/broken.json:1:"
	ok "standard input" sh -c "'$SVCRULES' check -f - <'$f' | grep -q '^warning: standard input:1: Service'"
	# what a tenant writes is shown, not obeyed
	printf 'kind: Service\nmetadata: {name: a}\nspec: {type: "x\\e[31m\\n::error::\\u009b1m\\u202e", ports: [{port: 80}]}\n' >"$tmp/escape.yaml"
	run 1 -f "$tmp/escape.yaml"
	ok "no control characters" [ "$(grep -c . "$tmp/out")" -eq "$(grep -vc "$(printf '\033')" "$tmp/out")" ]
	run 1 -f "$tmp/escape.yaml" -o github
	ok "no command of its own" [ "$(grep -c '^::error' "$tmp/out")" -eq 0 ]
	for f in text github json sarif; do
		run 1 -f "$tmp/escape.yaml" -o "$f"
		ok "$f: nothing that a terminal obeys" [ "$(tr -d '\n\040-\176' <"$tmp/out" | wc -c)" -eq 0 ]
	done
	# a name of a file that is no UTF-8
	f=$tmp/$(printf 'a\377b.yaml')
	cp "$tmp/escape.yaml" "$f"
	run 1 -f "$f" -o json
	ok "json: a byte that is no UTF-8" json 'd["findings"][0]["file"].endswith("/a\ufffdb.yaml")'
	run 1 -f "$f" -o sarif
	ok "sarif: a byte that is no UTF-8" json 'd["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("/a%FFb.yaml")'
}

# python3-yaml is a package of the tests, so python3 is there
json() { python3 - "$tmp/out" "$1" <<-'EOF'
	import json, re, sys
	d = json.load(open(sys.argv[1]))
	# Members that the schema of SARIF 2.1.0 requires, and what values it allows.
	def location(x):
	    p = x.get("physicalLocation", {})
	    uri = p.get("artifactLocation", {}).get("uri", "")
	    return re.fullmatch("(file:///)?[A-Za-z0-9._~/%-]*", uri) and not re.search("%(?![0-9A-F]{2})", uri) and \
	        p.get("region", {}).get("startLine", 1) >= 1 and all(isinstance(l["name"], str) for l in x.get("logicalLocations", []))
	def sarif(d):
	    run, = d["runs"]
	    rules = run["tool"]["driver"]["rules"]
	    return d["version"] == "2.1.0" and d["$schema"].endswith("/sarif-2.1.0.json") and \
	        len({r["id"] for r in rules}) == len(rules) and all(r["shortDescription"]["text"] for r in rules) and \
	        all(r["defaultConfiguration"]["level"] in ("note", "warning", "error") for r in rules) and run["results"] and \
	        all(r["message"]["text"] and r["level"] in ("note", "warning", "error") and
	            rules[r["ruleIndex"]]["id"] == r["ruleId"] if "ruleIndex" in r else r["message"]["text"] for r in run["results"]) and \
	        all(location(l) for r in run["results"] for l in r.get("locations", []))
	sys.exit(0 if eval(sys.argv[2]) else 1)
	EOF
}

part_formats() {
	local f=$tmp/a,b:c%d.yaml name

	cp "$cases/not-ready/input.yaml" "$f"
	ok "github" run 1 -f "$f" -o github
	ok "github: the whole line" grep -qxF "::warning file=${tmp//:/%3A}/a%2Cb%3Ac%25d.yaml,line=1,title=not-ready::Service production/web: spec.ports[0]: 2 endpoints, none is ready" "$tmp/out"
	ok "json" run 1 -f "$f" -o json
	ok "json: the finding" json 'd["warnings"] == 1 and d["errors"] == d["notices"] == 0 and [(x["check"], x["object"], x["field"], x["severity"]) for x in d["findings"]] == [("not-ready", "Service production/web", "spec.ports[0]", "warning")]'
	ok "json: what was not run" json '{"needs": "Pods or workloads", "checks": ["selector-no-pod", "target-port-name"]} in d["not_run"]'
	ok "sarif" run 1 -f "$f" -o sarif
	ok "sarif: version and tool" json 'd["version"] == "2.1.0" and d["runs"][0]["tool"]["driver"]["name"] == "svcrules"'
	ok "sarif: the rule of the result" json 'all(d["runs"][0]["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in d["runs"][0]["results"])'
	ok "sarif: the file is a URI" json 'd["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("/a%2Cb%3Ac%25d.yaml")'
	ok "sarif: the object" json 'd["runs"][0]["results"][0]["locations"][0]["logicalLocations"][0]["name"] == "Service production/web"'
	run 3 -f "$tmp/broken.json" -o sarif
	ok "sarif: the line of broken input" json 'd["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 1 and d["runs"][0]["results"][0]["level"] == "error"'
	for name in "$cases"/{not-ready,certificate-host,old-version,path}; do
		run 1 -f "$name/input.yaml" -o sarif
		ok "sarif: what its schema requires" json 'sarif(d)'
	done
	run 3 -f "$tmp/broken.json" -o sarif
	ok "sarif: what its schema requires of broken input" json 'sarif(d)'
	run 0 -f "$tmp/shop" -o sarif
	ok "sarif: no result" json 'd["runs"][0]["results"] == []'
}

# ---- time ----

seconds() { # seconds COMMAND...: its processor time
	local TIMEFORMAT='%U'
	{ time "$@" >"$tmp/out" 2>&1; } 2>&1
}

# With a broken file the checks are not run, so that only reading takes time. Both are done in turn,
# as other programs may take the processor at any time, and the sums are compared.
part_time() {
	local read all
	if ! "${CLUSTER:-$root/build/cluster}" --services 5000 --endpoints 10 >"$tmp/large.json"; then
		ok "time: build/cluster makes the input" false
		return
	fi
	for _ in 1 2 3 4 5 6 7; do
		echo "$(seconds "$SVCRULES" check -f "$tmp/large.json" -f "$tmp/broken.json")" \
			"$(seconds "$SVCRULES" check -f "$tmp/large.json" -W single-endpoint -W pending)"
	done | awk '{ read += $1; all += $2 } END { print read / NR, all / NR }' >"$tmp/times"
	read -r read all <"$tmp/times"
	# shellcheck disable=SC2016 # the fields of awk
	ok "5,000 services with 10 endpoints: $all s, of which reading $read s" \
		awk '{ exit !($2 <= 2 * $1 + 0.02) }' "$tmp/times"
	echo "# 5,000 services with 10 endpoints: $all s, of which reading $read s"
}

if [ ${#only[@]} -gt 0 ]; then
	for name in "${only[@]}"; do
		ok "$name" run_case "$name"
	done
else
	part_cases
	part_examples
	part_manifests
	part_options
	part_formats
	part_time
fi
echo "mistakes: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
