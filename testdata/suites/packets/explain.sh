# shellcheck shell=bash disable=SC2153
# SPDX-License-Identifier: GPL-2.0-or-later
# What 'svcrules explain' predicts is compared with what packets do, for each request that a test
# sends: sourced by lib.sh if EXPLAIN is set. The rules are followed as the kernel has them (--live);
# those that are made from an input are the same values, which unit tests show.
#
# A request is the first packet of a connection, but not with a source port of its own (--sport), which
# may belong to an open flow. What is predicted for UDP must hold for UDP, and so on.

declare -A SERVER_AT=() # "tcp 10.244.1.11 8080" -> who answers there
PREDICTED=()            # answers that may come, as regular expressions
PREDICTED_NAMES=()      # who must answer if there are many requests
UNSURE=                 # some endpoint depends on what came before

# known_servers NAME TRIPLES...: remembers where a server listens
known_servers() {
	local name=$1
	shift
	while [ $# -ge 3 ]; do
		SERVER_AT["$1 $2 $3"]=$name
		shift 3
	done
}

# source_of NAMESPACE ADDRESS [OPTION...]: sets SOURCE, the address that requests are from, and LOCAL if
# they never leave the namespace
source_of() {
	local where=$1 to=$2 out
	shift 2
	SOURCE='' LOCAL=
	out=$(ip -n "$PREFIX-$where" route get "$to" 2>/dev/null)
	[[ $out != local* ]] || LOCAL=yes
	[[ ! $out =~ \ src\ ([0-9a-f.:]+) ]] || SOURCE=${BASH_REMATCH[1]}
	while [ $# -ge 2 ]; do
		[ "$1" != --from ] || SOURCE=$2
		shift
	done
}

# place_text ADDRESS PORT: sets REPLY
place_text() {
	REPLY=$1:$2
	[[ $1 != *:* ]] || REPLY=[$1]:$2
}

# node_of NAMESPACE: sets REPLY, the router whose rules see requests from there first
node_of() {
	REPLY=${ROUTERS[0]}
	case $1 in pod3 | pod4 | node2) [ ${#ROUTERS[@]} -eq 1 ] || REPLY=node2 ;; esac
}

# node_at ADDRESS: sets REPLY, the router that has the address, or whose pod has it; empty: none
node_at() {
	REPLY=
	[ ${#ROUTERS[@]} -gt 1 ] || return 0
	case $1 in
	10.244.1.* | fd00:10:244:1:* | 192.0.2.1 | 2001:db8:1::1) REPLY=node1 ;;
	10.244.2.* | fd00:10:244:2:* | 192.0.2.2 | 2001:db8:1::2) REPLY=node2 ;;
	esac
}

# predict NODE SOURCE PROTOCOL ADDRESS PORT MASQUERADED OPTION...: adds to what may be answered. For a
# packet that another node has masqueraded SOURCE is that node's address.
predict() {
	local node=$1 source=$2 protocol=$3 to=$4 port=$5 masqueraded=$6 line ways='' a='' p='' m='' next
	shift 6
	local options=("$@") text
	place_text "$to" "$port"
	text=$(at "$node" "$SVCRULES" explain --from "$source" --to "$REPLY" --protocol "$protocol" -o json "$@" 2>"$WORK/explain.err")
	[ -n "$text" ] || PREDICTED+=("explain failed: $(<"$WORK/explain.err")")
	while IFS= read -r line; do
		case $line in
		*'"remembered":'* | *'"scheduler":'*) UNSURE=yes ;;
		*'"ways":'*) ways=yes a=$to p=$port ;;
		*'"address":'*) [ -z "$ways" ] || { a=${line#*: \"} && a=${a%%\"*}; } ;;
		*'"port":'*) [ -z "$ways" ] || { p=${line#*: } && p=${p%%[!0-9]*}; } ;;
		*'"masqueraded":'*) m=${line#*: } m=${m%,} ;;
		'          "verdict":'*)
			next=${line#*: \"}
			[ "$m" = true ] || m=$masqueraded
			outcome "$node" "$source" "$protocol" "$a" "$p" "$m" "${next%%\"*}" "${options[@]}"
			a=$to p=$port
			;;
		esac
	done <<<"$text"
}

# live_options: sets OPTIONS_OF, those of OPTIONS that name tables; the kernel's rules need no input
live_options() {
	local i
	OPTIONS_OF=(--live)
	for ((i = 0; i < ${#OPTIONS[@]}; i++)); do
		case ${OPTIONS[i]} in
		-f) i=$((i + 1)) ;;
		--network-policy) ;;
		*) OPTIONS_OF+=("${OPTIONS[i]}") ;;
		esac
	done
}

# outcome NODE SOURCE PROTOCOL ADDRESS PORT MASQUERADED VERDICT OPTION...: adds what one way leads to
outcome() {
	local node=$1 source=$2 protocol=$3 to=$4 port=$5 masqueraded=$6 name
	case $7 in
	refused) PREDICTED+=(refused) && return ;;
	dropped) PREDICTED+=(timeout) && return ;;
	esac
	node_at "$to"
	if [ -n "$REPLY" ] && [ "$REPLY" != "$node" ]; then # the other node judges it too
		name=$REPLY
		if [ "$masqueraded" = true ]; then
			source_of "$node" "$to"
			source=$SOURCE
		fi
		predict "$name" "$source" "$protocol" "$to" "$port" "$masqueraded" "${OPTIONS_OF[@]}"
		return
	fi
	name=${SERVER_AT["$protocol $to $port"]-}
	if [ -z "$name" ]; then
		PREDICTED+=('refused|timeout|unreachable')
	elif [ "$masqueraded" = true ]; then
		PREDICTED+=("$name (.*)") && PREDICTED_NAMES+=("$name")
	else
		PREDICTED+=("$name ${ORIGIN//./\\.}") && PREDICTED_NAMES+=("$name")
	fi
}

# disagree WHAT: writes a line of the result
disagree() {
	echo "not ok - explain: $LABEL$1" >>"$WORK/explained"
}

# late_answer NAMESPACE PROTOCOL ADDRESS PORT [OPTION...]: sets REPLY to the answer of one request more, for
# which there is plenty of time: on a busy machine one may come too late
late_answer() {
	local where=$1
	shift
	REPLY=$("$PROBE" in "/run/netns/$PREFIX-$where" ask "$@" --timeout 5000 --count 1 --summary answers 2>&1)
}

# compare WHAT ANSWERS REQUEST...: each of the answers, A|B, was predicted, and if there are many
# requests each name that was predicted is among them
compare() {
	local what=$1 answer p found name all="|$2|" answers
	IFS='|' read -ra answers <<<"$2"
	shift 2
	for answer in "${answers[@]}"; do
		found=
		if [ "$answer" = timeout ] && [[ " ${PREDICTED[*]} " != *timeout* ]]; then
			late_answer "$@"
			answer=$REPLY
		fi
		for p in "${PREDICTED[@]}"; do
			if [[ $answer =~ ^($p)$ ]]; then
				# what is masqueraded does not come from the client, but this node's own may
				[[ $p != *'(.*)' ]] || [ -n "$HERE" ] || [ "${BASH_REMATCH[2]-}" != "$ORIGIN" ] || continue
				found=yes
			elif [[ $answer != *' '* ]] && [ "${p%% *}" = "$answer" ]; then
				found=yes # the name alone
			fi
		done
		if [ -z "$found" ]; then
			disagree "$what: got '$answer', predicted '${PREDICTED[*]}'"
			return
		fi
	done
	if [ -z "$UNSURE" ] && [ "$MANY" -ge 60 ]; then
		for name in "${PREDICTED_NAMES[@]}"; do
			[[ $all == *"|$name"[\ \|]* ]] || { disagree "$what: $name never answered" && return; }
		done
	fi
	echo ok >>"$WORK/explained"
}

# explained NAMESPACE ANSWERS PROTOCOL ADDRESS PORT [OPTION...]: compares answers with predictions;
# ANSWERS has a line for each protocol, or for each request
explained() {
	local where=$1 said=$2 protocol=$3 to=$4 port=$5 node p line=0 got lines ORIGIN MANY=1
	local SOURCE LOCAL HERE='' OPTIONS_OF=()
	shift 5
	[[ " $* " != *' --sport '* && $said != probe:* ]] || return 0
	[[ ! " $* " =~ \ --count\ ([0-9]+) ]] || MANY=${BASH_REMATCH[1]}
	node_of "$where"
	node=$REPLY
	[ "$node" != "$where" ] || HERE=yes
	source_of "$where" "$to" "$@"
	{ [ -z "$LOCAL" ] || [ "$where" = "$node" ]; } && [ -n "$SOURCE" ] || return 0
	ORIGIN=$SOURCE
	live_options
	mapfile -t lines <<<"$said"
	for p in ${protocol/both/tcp udp}; do
		got=${lines[line]-}
		case " $* " in *' --summary '*) ;; *) got=${said//$'\n'/|} ;; esac
		line=$((line + 1))
		PREDICTED=() PREDICTED_NAMES=() UNSURE=
		predict "$node" "$SOURCE" "$p" "$to" "$port" false "${OPTIONS_OF[@]}"
		compare "$where ($ORIGIN) to $to port $port/$p" "$got" "$where" "$p" "$to" "$port" "$@"
	done
}

# explained_end: prints how many flows were explained, and what was predicted wrongly
explained_end() {
	local flows wrong
	[ -e "$WORK/explained" ] || return 0
	flows=$(grep -c . "$WORK/explained")
	wrong=$(grep -c '^not ok' "$WORK/explained")
	failed=$((failed + wrong))
	grep '^not ok' "$WORK/explained"
	echo "# explain: $flows flows, $wrong disagreements"
}
