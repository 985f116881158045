#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pure.sh [ARCHIVE]: the library is pure: its archive needs no function that makes a
# system call except for memory. Includes go one way, and the public header
# compiles alone.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
archive=${1:-build/libsvcrules.a}
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAIL: $*"
}

# The functions of other libraries that the library may use. None of them opens, reads,
# writes or waits, or depends on the time or the environment.
allowed=(
	# the compiler and the linker
	_GLOBAL_OFFSET_TABLE_ __stack_chk_fail
	# assert: a fault in our own code ends the process
	__assert_fail
	# memory
	calloc free malloc realloc reallocarray
	# bytes and strings
	explicit_bzero memchr memcmp memcpy memmem memmove memrchr memset strchr strchrnul strcmp strcspn strdup strlen strncmp
	strndup strnlen strpbrk strrchr strspn strstr
	# text in memory, numbers, order, addresses
	strerrordesc_np asprintf bsearch inet_ntop inet_pton qsort qsort_r snprintf strtoul strtoull vasprintf vsnprintf
	__errno_location
	# the same functions with newer C libraries and with _FORTIFY_SOURCE
	__asprintf_chk __explicit_bzero_chk __isoc23_strtoul __isoc23_strtoull __memcpy_chk __memmove_chk __memset_chk __snprintf_chk
	__vasprintf_chk __vsnprintf_chk
	# reads the process's own memory, for the seed of the hash that finds duplicate JSON keys; no result depends on it
	getauxval
	# libmnl: messages in buffers, never mnl_socket_*
	mnl_attr_get_len mnl_attr_get_payload mnl_attr_get_payload_len mnl_attr_get_str mnl_attr_get_type
	mnl_attr_get_u8 mnl_attr_get_u16 mnl_attr_get_u32 mnl_attr_get_u64 mnl_attr_nest_cancel mnl_attr_nest_end
	mnl_attr_nest_start mnl_attr_nest_start_check mnl_attr_next mnl_attr_ok mnl_attr_parse
	mnl_attr_parse_nested mnl_attr_parse_payload mnl_attr_put mnl_attr_put_check mnl_attr_put_str
	mnl_attr_put_str_check mnl_attr_put_strz mnl_attr_put_strz_check mnl_attr_put_u8 mnl_attr_put_u8_check
	mnl_attr_put_u16 mnl_attr_put_u16_check mnl_attr_put_u32 mnl_attr_put_u32_check mnl_attr_put_u64
	mnl_attr_put_u64_check mnl_attr_type_valid mnl_attr_validate mnl_attr_validate2 mnl_nlmsg_get_payload
	mnl_nlmsg_get_payload_len mnl_nlmsg_get_payload_offset mnl_nlmsg_get_payload_tail mnl_nlmsg_next
	mnl_nlmsg_ok mnl_nlmsg_put_extra_header mnl_nlmsg_put_header mnl_nlmsg_size
	# libnftnl: expressions, rules and user data in memory
	nftnl_expr_alloc nftnl_expr_free nftnl_expr_set nftnl_expr_set_str nftnl_expr_set_u8 nftnl_expr_set_u16
	nftnl_expr_set_u32 nftnl_expr_set_u64 nftnl_rule_add_expr nftnl_rule_alloc nftnl_rule_free
	nftnl_rule_nlmsg_build_payload nftnl_rule_set_data nftnl_rule_set_str nftnl_rule_set_u32
	nftnl_rule_set_u64 nftnl_udata_buf_alloc nftnl_udata_buf_data nftnl_udata_buf_free nftnl_udata_buf_len
	nftnl_udata_nest_end nftnl_udata_nest_start nftnl_udata_put nftnl_udata_put_strz nftnl_udata_put_u32
	# libyaml: events from bytes that a callback gives; never yaml_parser_set_input_file
	yaml_event_delete yaml_parser_delete yaml_parser_initialize yaml_parser_parse yaml_parser_set_encoding
	yaml_parser_set_input
	# jansson: values in memory, printed to a callback; never json_load_file, json_dump_file
	json_array json_array_append_new json_delete json_dump_callback json_false json_integer json_null json_object_get
	json_object json_object_set_new json_pack json_string json_true
	# libcrypto: certificates and keys in memory (never BIO_new_file), without its configuration
	# (OPENSSL_init_crypto) and the time (never X509_cmp_current_time; ASN1_TIME_cmp_time_t reads the zone)
	ASN1_TIME_to_tm BIO_free BIO_new_mem_buf ERR_clear_error ERR_get_error EVP_PKEY_free EVP_PKEY_get_base_id
	EVP_PKEY_get0_type_name EVP_PKEY_get_bits EVP_PKEY_get_security_bits OPENSSL_init_crypto OSSL_DECODER_CTX_free
	OSSL_DECODER_CTX_new_for_pkey OSSL_DECODER_from_bio PEM_read_bio_PrivateKey PEM_read_bio_X509
	PEM_read_bio_X509_AUX SHA256 X509_check_host X509_check_private_key X509_free X509_get0_notAfter
	X509_get0_notBefore X509_get0_pubkey X509_get_extension_flags X509_get_signature_info
)
printf '%s\n' "${allowed[@]}" | sort -u >"$tmp/allowed"

# wants ARCHIVE: prints "object symbol" for each symbol from outside that is not allowed
wants() {
	nm -g --defined-only "$1" | awk 'NF == 3 { print $3 }' | sort -u "$tmp/allowed" - >"$tmp/known"
	nm -u "$1" | awk '/:$/ { o = substr($0, 1, length($0) - 1) } NF == 2 && $1 ~ /^[Uvw]$/ { print o, $2 }' |
		awk 'NR == FNR { known[$1] = 1; next } !($2 in known)' "$tmp/known" -
}

symbols() {
	local object
	[ -f "$archive" ] || { fail "$archive is missing; run make"; return; }
	if ! nm -u "$archive" >/dev/null 2>"$tmp/err"; then
		fail "nm -u $archive: $(cat "$tmp/err")"
		return
	fi
	wants "$archive" | sort -u >"$tmp/bad"
	while read -r object; do
		if grep -q "^$object " "$tmp/bad"; then
			fail "$object wants $(awk -v o="$object" '$1 == o { printf "%s ", $2 }' "$tmp/bad")"
		else
			pass
		fi
	done < <(ar t "$archive")
}

# The check itself must find an object that opens a socket, and so on.
self_test() {
	local name source
	for name in socket fopen getenv time getrandom mnl_socket_open json_load_file yaml_parser_set_input_file BIO_new_file; do
		source="extern int $name(void); int f(void); int f(void) { return $name(); }"
		echo "$source" | "${CC:-cc}" -w -fno-builtin -x c -c -o "$tmp/$name.o" - && ar rcs "$tmp/$name.a" "$tmp/$name.o"
		if [ "$(wants "$tmp/$name.a")" = "$name.o $name" ]; then pass; else fail "an object that wants $name was let through"; fi
	done
}

# includes DIRECTORY: prints "file header" for each #include of its sources; tests may include anything
includes() {
	find "$1" -name '*.[ch]' ! -name '*_test.[ch]' ! -name '*_fuzz.c' -print | sort | while read -r file; do
		sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]\([^>"]*\)[>"].*/\1/p' "$file" |
			while read -r header; do echo "$file $header"; done
	done
}

# area FILE HEADER: prints where the header comes from: lib, rules, cmd, or system
area() {
	local here
	here=$(dirname "$1")
	case $2 in
	*..*) echo outside ;;
	lib/* | rules/* | cmd/*) echo "${2%%/*}" ;;
	*)
		if [ -f "$here/$2" ]; then
			echo "${here%%/*}"
		elif [ -f "lib/$2" ]; then
			echo lib
		elif [ -f "cmd/svcrules/$2" ]; then
			echo cmd
		else
			echo system
		fi
		;;
	esac
}

one_way() { # one_way DIRECTORY ALLOWED-AREA...
	local dir=$1 file header from bad=0
	shift
	while read -r file header; do
		from=$(area "$file" "$header")
		[ "$dir" = cmd ] && [ "$header" = svcrules.h ] && continue
		case " $* " in
		*" $from "*) ;;
		*) bad=1; fail "$file includes $header, of $from" ;;
		esac
	done < <(includes "$dir")
	[ $bad -eq 1 ] || pass
}

# The objects of lib/ must link without the objects of rules/.
lib_alone() {
	local f objects=() missing
	while read -r f; do
		objects+=("build/${f%.c}.o")
	done < <(find lib -name '*.c' ! -name '*_test.c' ! -name '*_fuzz.c')
	rm -f "$tmp/lib.a"
	ar rcs "$tmp/lib.a" "${objects[@]}" 2>/dev/null || { fail "objects of lib/ are missing; run make"; return; }
	missing=$(wants "$tmp/lib.a" | sort -u | tr '\n' ' ')
	if [ -z "$missing" ]; then pass; else fail "lib/ alone does not link: $missing"; fi
}

# What the shared library exports is a promise: a change of the list is a change of the interface.
exported() {
	local so=build/libsvcrules.so
	[ -f $so ] || { fail "$so is missing; run make"; return; }
	nm -D --defined-only $so | awk '$2 ~ /[TDBR]/ { print $3 }' | sort >"$tmp/exported"
	if diff -u --label testdata/libsvcrules.symbols --label $so testdata/libsvcrules.symbols "$tmp/exported"; then
		pass
	else
		fail "the exported symbols are not those of testdata/libsvcrules.symbols"
	fi
}

header_alone() { # header_alone LANGUAGE COMPILER FLAG...
	local language=$1
	shift
	command -v "$1" >/dev/null || { echo "SKIP: no $1, header as $language"; return; }
	if printf '#include "svcrules.h"\n#include "svcrules.h"\nint main(void) { return svcrules_version() == 0; }\n' |
		"$@" -Wall -Wextra -Werror -pedantic-errors -Ilib -fsyntax-only - 2>"$tmp/err"; then
		pass
	else
		fail "lib/svcrules.h alone as $language: $(head -3 "$tmp/err")"
	fi
}

symbols
exported
self_test
one_way lib lib system
one_way rules lib rules system
one_way cmd cmd system
lib_alone
header_alone C99 "${CC:-cc}" -x c -std=c99
header_alone C++ "${CXX:-c++}" -x c++
echo "pure: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
