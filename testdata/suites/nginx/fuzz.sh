# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# fuzz.sh: nginx accepts all configurations that the fuzz target makes of pseudo-random bytes.
# FUZZ_INPUTS (300) is the number of inputs, FUZZ_SEED (1) chooses them; about half are refused.

inputs=${FUZZ_INPUTS:-300}
seed=${FUZZ_SEED:-1}
fuzzer=${NGINX_FUZZ:-$root/build/rules/nginx/nginx_fuzz}
mkdir "$work/in" "$work/out"
head -c $((inputs * 400)) /dev/zero | openssl enc -aes-128-ctr -pass "pass:$seed" -nosalt 2>/dev/null >"$work/bytes"
(cd "$work/in" && split -a 6 -b 400 "$work/bytes")
ok "each output is one that nginx can read" env NGINX_FUZZ_WRITE="$work/out" "$fuzzer" "$work/in"
made=0 bad=0
for dir in "$work"/out/*/; do
	made=$((made + 1))
	if at nginx -t -q -c "$dir/nginx.conf" -g "$more" >"$work/why" 2>&1 && [ ! -s "$work/why" ]; then
		passed=$((passed + 1))
	else
		bad=$((bad + 1))
		[ $bad -gt 5 ] || echo "not ok - fuzz: nginx -t of output $(basename "$dir"): $(head -n 1 "$work/why")"
		[ -z "${FUZZ_KEEP:-}" ] || cp -r "$dir" "$FUZZ_KEEP"
	fi
done
failed=$((failed + bad))
ok "enough are not refused: $made of $inputs" [ $((made * 4)) -gt "$inputs" ]
