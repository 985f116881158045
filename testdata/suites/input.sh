#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# input.sh: input from files, directories and standard input, and YAML: the YAML text of a golden
# case's objects, in several styles, gives the same rules as their JSON text; a cluster is read as
# YAML with at most twice the memory, and not below LIMIT_MB megabytes of YAML a second.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
svcrules=${SVCRULES:-$root/build/svcrules}
cluster=$root/build/cluster
cases=$root/testdata/golden/services
limit=${LIMIT_MB:-5} # 20 and more on an idle machine
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAIL: $*"
}

# run ARGUMENT...: compiles; sets $code, and writes $tmp/out and $tmp/err
run() {
	# with prefixes of pods, so that nothing is to be warned of
	[ "$1" != compile ] || set -- "$@" --cluster-cidr 10.1.0.0/16
	"$svcrules" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	code=$?
}

# expect CODE PATTERN ARGUMENT...: the exit status, and an extended pattern of one line on standard error
expect() {
	local want=$1 pattern=$2
	shift 2
	run "$@"
	if [ "$code" != "$want" ]; then
		fail "svcrules $*: exit status $code, expected $want: $(head -3 "$tmp/err")"
	elif [ -z "$pattern" ] && [ -s "$tmp/err" ]; then
		fail "svcrules $*: said $(head -3 "$tmp/err")"
	elif [ -n "$pattern" ] && ! grep -qE -- "$pattern" "$tmp/err"; then
		fail "svcrules $*: '$pattern' is not in $(head -3 "$tmp/err")"
	else
		pass
	fi
}

lines() { # lines N: so many lines were said
	local n
	n=$(wc -l <"$tmp/err")
	if [ "$n" -eq "$1" ]; then pass; else fail "$n lines, expected $1: $(cat "$tmp/err")"; fi
}

# ---- files and directories ------------------------------------------------

service() { # service NAME IP: a Service and its slice, as YAML
	printf -- '---\nkind: Service\napiVersion: v1\nmetadata: {name: %s}\nspec: {clusterIP: %s, ports: [{port: 80}]}\n' "$1" "$2"
	printf -- '---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\naddressType: IPv4\n'
	printf 'metadata: {name: %s-1, labels: {kubernetes.io/service-name: %s}}\n' "$1" "$1"
	printf 'endpoints: [{addresses: [10.1.0.1]}]\nports: [{port: 80}]\n'
}

serves() { # serves ADDRESS...: the last output has these addresses
	local a
	for a; do
		if grep -qF "$a . tcp . 80 comment" "$tmp/out"; then pass; else fail "$a is not served"; fi
	done
}

files() {
	local d=$tmp/d
	mkdir -p "$d/below/deep" "$d/odd.json" "$d/.hidden" "$tmp/bare/below" "$tmp/empty/x"
	service a 10.0.0.1 >"$d/a.yaml"
	service b 10.0.0.2 >"$d/b.yml"
	service c 10.0.0.3 >"$d/c.json" # the bytes say what it is
	service d 10.0.0.4 >"$d/below/d.yaml"
	service e 10.0.0.5 >"$d/below/deep/e.yaml"
	service x 10.0.0.9 >"$d/.hidden/x.yaml"
	service x 10.0.0.9 >"$d/x.txt"
	cp "$d/below/d.yaml" "$tmp/bare/below/"
	ln -s . "$d/below/circle"
	ln -s ../a.yaml "$d/below/again.yaml"
	mkfifo "$d/pipe.json"
	expect 0 '^svcrules: notice: .*/pipe.json: passed over: it is a FIFO' compile --node-name n1 -f "$d"
	lines 1
	serves 10.0.0.1 10.0.0.2 10.0.0.3
	if grep -q '10\.0\.0\.[459]' "$tmp/out"; then fail "-f DIR reads too much"; else pass; fi
	for option in -R --recursive; do
		expect 0 'pipe.json: passed over' compile --node-name n1 -f "$d" $option
		lines 1
		serves 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5
		if grep -q '10\.0\.0\.9' "$tmp/out"; then fail "$option reads hidden files"; else pass; fi
	done
	expect 0 '' compile --node-name n1 --filename "$d/a.yaml" --filename="$d/b.yml"
	serves 10.0.0.1 10.0.0.2
	expect 3 'bare: the directory has no \*\.json, \*\.yaml or \*\.yml: .*below.* -R$' compile -f "$tmp/bare"
	lines 1
	expect 3 'empty: the directory has no .*, and no directory below it either$' compile -f "$tmp/empty" -R
	lines 1
	expect 3 'missing: cannot open: No such file' compile -f "$tmp/missing"
	lines 1
}

# With -R, files that have no Kubernetes objects are told in one line each and passed over.
other_shapes() {
	local d=$tmp/shapes
	mkdir -p "$d/s"
	service a 10.0.0.1 >"$d/s/a.yaml"
	printf 'apiVersion: v1\nkind: Config\nclusters: []\n' >"$d/kubeconfig.yaml"
	printf 'replicas: 2\nimage: {tag: x}\n' >"$d/values.yaml"
	printf '[{"metadata":{"name":"x"}},{"metadata":{"name":"y"}}]' >"$d/bare.json"
	printf '["a"]' >"$d/words.json"
	expect 0 "values.yaml: passed over: no Kubernetes object" compile --node-name n1 -f "$d" -R
	serves 10.0.0.1
	lines 4 # and the notice that one Config is ignored
	expect 3 'values.yaml: no Kubernetes object' compile --node-name n1 -f "$d"
	printf '{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no rights"}' >"$d/nodes.json"
	expect 3 'nodes.json: .*no rights' compile --node-name n1 -f "$d" -R
	printf '{"kind":"Lis' >"$d/nodes.json"
	expect 3 'nodes.json:1:13: unexpected end of input' compile --node-name n1 -f "$d" -R
}

# ---- standard input, read errors, options ---------------------------------

options() {
	local f=$tmp/d/a.yaml command
	expect 2 "standard input \('-'\) can be read once" diff --from - -f -
	expect 2 "standard input \('-'\) can be read once" compile -f - -f -
	expect 2 "^svcrules: --node-name: the value is empty" compile -f "$f" --node-name ''
	expect 2 "^svcrules: --node-name: the value is empty" compile -f "$f" --node-name=
	expect 2 "^svcrules: -f: the value is empty" apply --filename=
	for command in apply compile delete diff; do
		expect 0 '' $command -f "$f" --node-name '' --no-such-option --help
		grep -q "^usage: svcrules $command" "$tmp/out" || fail "$command ... --help prints no help"
		expect 0 '' $command --table x -h
	done
	expect 0 '' -V
	cp "$tmp/out" "$tmp/version"
	for command in version --version; do
		expect 0 '' $command
		cmp -s "$tmp/out" "$tmp/version" || fail "$command and -V differ"
	done
	grep -q '^svcrules [0-9]' "$tmp/version" || fail "-V prints no version"
	if service a 10.0.0.1 | "$svcrules" compile -f - >"$tmp/out" 2>"$tmp/err"; then pass; else fail "YAML from standard input"; fi
	# a read error is told once, without a place
	if "$svcrules" compile -f - <"$tmp" >"$tmp/out" 2>"$tmp/err"; then
		fail "a directory as standard input"
	else
		grep -q '^svcrules: standard input: cannot read: Is a directory$' "$tmp/err" || fail "read error: $(cat "$tmp/err")"
		lines 1
	fi
	if "$svcrules" compile -f "$f" -f - </proc/self/mem >"$tmp/out" 2>"$tmp/err"; then fail "an unreadable file"; else lines 1; fi
}

# ---- YAML -----------------------------------------------------------------

# convert: with Python's yaml; lines STYLE JSON-FILE YAML-FILE on standard input
convert() {
	python3 -c '
import json, sys, yaml
class Shared(yaml.CSafeDumper):
    pass
class Alone(yaml.CSafeDumper):
    def ignore_aliases(self, data):
        return True
class Quoted(Alone):
    pass
Quoted.add_representer(str, lambda d, s: d.represent_scalar("tag:yaml.org,2002:str", s, style="\""))
def documents(text):
    at = 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        doc, at = json.JSONDecoder().raw_decode(text, at)
        yield doc
# equal lists and mappings become one, so that they are written as anchors and aliases
def share(v, seen):
    if isinstance(v, dict):
        v = {k: share(x, seen) for k, x in v.items()}
    elif isinstance(v, list):
        v = [share(x, seen) for x in v]
    else:
        return v
    return seen.setdefault(json.dumps(v), v)
styles = {
    "block": dict(Dumper=Alone, default_flow_style=False, sort_keys=True),
    "flow": dict(Dumper=Alone, default_flow_style=True, width=60),
    "mixed": dict(Dumper=Alone, default_flow_style=None, explicit_start=True, explicit_end=True),
    "quoted": dict(Dumper=Quoted, default_flow_style=False),
    "anchors": dict(Dumper=Shared, default_flow_style=False, sort_keys=False, indent=4),
    "canonical": dict(Dumper=Alone, canonical=True),
}
for line in sys.stdin:
    style, source, target = line.split()
    docs = list(documents(open(source).read()))
    if style == "anchors":
        docs = [share(d, {}) for d in docs]
    with open(target, "w") as f:
        yaml.dump_all(docs, f, **styles[style])
'
}

# same_rules NAME STYLE YAML-FILE JSON-FILE OPTION...: both give the same rules and messages
same_rules() {
	local name=$1 style=$2 yaml=$3 json=$4 rc
	shift 4
	"$svcrules" compile --node-name node1 -f - "$@" <"$yaml" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	"$svcrules" compile --node-name node1 -f - "$@" <"$json" >"$tmp/out.json" 2>"$tmp/err.json"
	if [ $? -ne $rc ] || ! cmp -s "$tmp/out" "$tmp/out.json" || ! cmp -s "$tmp/err" "$tmp/err.json"; then
		fail "$name, $style: YAML and JSON differ: $(head -3 "$tmp/err")"
	else
		pass
	fi
}

# Cases that are JSON documents with nothing but white space between them, each in one style,
# and a generated cluster in all.
# The application of the example is there twice: as people keep it, in YAML, and as kubectl printed it a little
# before, without kube-dns and with a frontend that was not ready. Nothing else differs, policies included.
example_twice() {
	local example=${cases%/golden/*}/example
	"$svcrules" diff --from "$example" -f "$example/shop" --node-name node1 --network-policy 2>/dev/null |
		grep -E '^ *[-+~!] ' >"$tmp/said"
	cat >"$tmp/expected" <<-'TEXT'
	~ Service production/frontend-svc
	  ~ http 10.96.0.20:80/tcp  refused: 2 pods match, none is ready -> 2 endpoints
	+ Service kube-system/kube-dns: added
	  + dns-tcp 10.96.0.2:53/tcp  + 10.244.1.2:53
	  + dns 10.96.0.2:53/udp  + 10.244.1.2:53
	TEXT
	if diff "$tmp/expected" "$tmp/said"; then pass; else fail "testdata/example/shop is not what testdata/example has"; fi
}

yaml_laws() {
	local name style options styles=(block flow mixed quoted anchors canonical) n=0 dir
	"$cluster" --services 40 --mixed --dual-stack >"$tmp/cluster.json" || fail "no cluster"
	for dir in "$cases"/*/; do
		name=$(basename "$dir")
		if ! [ -f "$dir/input.json" ] || ! [ -f "$dir/expected.nft" ]; then continue; fi
		case $name in
		input-between-dashes | input-text-sequence | input-byte-order-marks | input-utf-16*) continue ;;
		input-json-then-yaml | input-yaml-then-json | input-nul-unused) continue ;;
		esac
		echo "${styles[n++ % ${#styles[@]}]} $dir/input.json $tmp/case-$name.yaml"
	done >"$tmp/list"
	for style in "${styles[@]}"; do
		echo "$style $tmp/cluster.json $tmp/cluster-$style.yaml"
	done | cat "$tmp/list" - | convert || fail "conversion to YAML"
	while read -r style json yaml; do
		dir=$(dirname "$json")
		options=()
		[ -e "$dir/options" ] && read -r -a options < <(cat "$dir/options")
		same_rules "$(basename "$dir")" "$style" "$yaml" "$json" ${options[@]+"${options[@]}"}
	done <"$tmp/list"
	for style in "${styles[@]}"; do
		same_rules "generated cluster" "$style" "$tmp/cluster-$style.yaml" "$tmp/cluster.json"
	done
}

# peak COMMAND...: kilobytes of memory
peak() { python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"; }

yaml_costs() {
	local json yaml best=0 bytes start end rate
	"$cluster" --services 1000 --endpoints 10 >"$tmp/large.json" || fail "no cluster"
	echo "block $tmp/large.json $tmp/large.yaml" | convert
	json=$(peak "$svcrules" compile --node-name n1 -f "$tmp/large.json")
	yaml=$(peak "$svcrules" compile --node-name n1 -f "$tmp/large.yaml")
	if [ "$yaml" -le $((2 * json)) ]; then pass; else fail "YAML takes $yaml KB, JSON $json KB"; fi
	bytes=$(stat -c %s "$tmp/large.yaml")
	for _ in 1 2 3 4 5; do
		start=$(date +%s%N)
		"$svcrules" compile --node-name n1 -f "$tmp/large.yaml" >/dev/null
		end=$(date +%s%N)
		rate=$((bytes * 1000 / (end - start)))
		[ "$rate" -gt "$best" ] && best=$rate
	done
	echo "input: YAML: $best MB/s with compilation, $yaml KB of memory; JSON: $json KB"
	if [ "$best" -ge "$limit" ]; then pass; else fail "YAML is read at $best MB/s, expected $limit"; fi
}

files
other_shapes
options
example_twice
if python3 -c 'import yaml; yaml.CSafeDumper' 2>/dev/null; then
	yaml_laws
	yaml_costs
else
	echo "SKIP: no python3-yaml"
	skipped=$((skipped + 1))
fi
echo "input: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
