#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm.sh COMMAND...: runs COMMAND as root under Debian's own kernel in an emulated
# machine, with the files and the directory of this machine, read-only, and an
# empty /tmp, /var/tmp and /run. It has the output and the exit status of COMMAND, but
# 77 means that there is no machine ("SKIP: ..."), 124 that COMMAND was not done
# after VM_TIMEOUT seconds, and 125 that the machine did not come up. It sometimes hangs
# while it boots: one that is not up after VM_BOOT seconds is started again, twice.
#
# The kernel comes from this machine's apt sources; it is unpacked under build/vm
# and never installed. The kernel loads modules itself, or modprobe(8) does.
# Starting a program takes 20 ms in the machine, starting a static one 6 ms;
# /run/quick has some static programs of busybox for the PATH of a test. Three
# things made it 70 ms before: code at another address in each run, which is then
# translated again; vector instructions, which are emulated one by one; libraries
# that are read through the shared file system (they are in /run/lib now).
set -u
cd "$(dirname "$0")/../.." || exit 125
root=$PWD
cache=$root/build/vm
limit=${VM_TIMEOUT:-600} boot=${VM_BOOT:-150} memory=${VM_MEMORY:-1G} cpus=${VM_CPUS:-2}
export PATH=$PATH:/usr/sbin:/sbin

skip() {
	echo "SKIP: no emulated machine: $1"
	exit 77
}

[ $# -gt 0 ] || { echo "usage: testdata/suites/vm.sh COMMAND..." >&2; exit 125; }
for tool in qemu-system-x86_64 busybox cpio modprobe depmod; do
	command -v $tool >/dev/null || skip "$tool is missing"
done
busybox=$(command -v busybox)
! ldd "$busybox" >/dev/null 2>&1 || skip "busybox is not static (package busybox-static)"

package_name() {
	apt-cache depends linux-image-amd64 2>/dev/null | sed -nE 's/^ *Depends: (linux-image-[0-9].*)/\1/p' | head -n 1
}

# fetch: puts boot/vmlinuz-VERSION and the modules that tests need into $cache/root
fetch() {
	local package new=$cache/new
	rm -rf "$new" "$cache/root"
	mkdir -p "$new/root" || return 1
	package=$(package_name)
	# apt's lists may be missing, or so old that the package no longer exists
	if [ -z "$package" ] || ! (cd "$new" && apt-get -q download "$package" >/dev/null 2>&1); then
		apt-get -q update >/dev/null 2>&1
		package=$(package_name)
		[ -n "$package" ] && (cd "$new" && apt-get -q download "$package" >/dev/null 2>&1) || return 1
	fi
	dpkg --fsys-tarfile "$new"/*.deb | tar -x -C "$new/root" --wildcards './boot/vmlinuz-*' \
		'./lib/modules/*/modules.*' './lib/modules/*/kernel/'{arch,crypto,lib,net} \
		'./lib/modules/*/kernel/fs/'{9p,fscache,netfs,overlayfs} \
		'./lib/modules/*/kernel/drivers/'{virtio,char/virtio_console.ko,net/'*.ko'} || return 1
	depmod -b "$new/root" "$(basename "$new"/root/lib/modules/*)" || return 1
	mv "$new/root" "$cache/root" && rm -rf "$new"
}

mkdir -p "$cache" || exit 125
{
	flock 9
	[ -d "$cache/root" ] || fetch || skip "the kernel's package linux-image-amd64 cannot be downloaded"
} 9>"$cache/lock" || exit
version=$(basename "$cache"/root/lib/modules/*)

run=$(mktemp -d "$cache/run.XXXXXX") || exit 125
machine=
# shellcheck disable=SC2317
clean() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null
	wait
	rm -rf "$run"
}
trap clean EXIT
trap 'exit 130' INT TERM

# ---- the initramfs: busybox, the modules needed to reach the host's files, and /init

libraries() {
	ldd build/svcrules "$(command -v bash)" "$(command -v nft)" "$(command -v ip)" "$(command -v conntrack)" \
		"$(command -v ipvsadm)" 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' | grep -v '/ld-' | sort -u | paste -sd' '
}

mkdir -p "$run/initramfs"/{bin,sbin,dev,proc,sys,host,repository,modules}
cp "$busybox" "$run/initramfs/bin/busybox"
modprobe -d "$cache/root" -S "$version" --show-depends -a virtio_pci virtio_console 9pnet_virtio 9p |
	awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$run/modules"
while read -r file; do
	cp "$file" "$run/initramfs/modules/"
	echo "insmod /modules/${file##*/}"
done <"$run/modules" >"$run/initramfs/insmod"

# Loads the modules that the kernel or a test requests, except the names that a
# test wrote into /run/no-modules.
cat >"$run/initramfs/sbin/modprobe" <<-MODPROBE
	#!/bin/busybox sh
	for m; do ! /bin/grep -qsxF "\$m" /host/run/no-modules || exit 1; done
	MODPROBE_OPTIONS='-d $cache/root' exec /bin/chroot /host /sbin/modprobe "\$@"
MODPROBE

cat >"$run/initramfs/command" <<-COMMAND
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C LD_LIBRARY_PATH=/run/lib
	export MODPROBE_OPTIONS='-d $cache/root' SVCR_VM=1
	cd '$root' && exec $(printf '%q ' "$@")
COMMAND

cat >"$run/initramfs/init" <<-INIT
	#!/bin/busybox sh
	/bin/busybox --install -s /bin
	export PATH=/bin:/sbin
	mount -t devtmpfs dev /dev
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	. /insmod
	share() { mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro "\$@"; }
	share host /host
	for d in /tmp /var/tmp /run; do mount -t tmpfs tmpfs /host\$d; done
	mkdir -p /host/run/netns /host/run/lock
	if [ ! -e '/host$root' ]; then
		mkdir -p '/host$root'
		share repository '/host$root'
	fi
	mkdir /dev/pts /dev/shm
	mount -t devpts devpts /dev/pts
	mount -t tmpfs tmpfs /dev/shm
	ln -s /proc/self/fd /dev/fd
	for d in /proc /sys /dev; do mount --rbind \$d /host\$d; done
	hostname vm
	ifconfig lo up
	output= status=
	while [ -z "\$output" ] || [ -z "\$status" ]; do
		for p in /sys/class/virtio-ports/*; do
			case \$(cat \$p/name 2>/dev/null) in
			output) output=/dev/\${p##*/} ;;
			status) status=/dev/\${p##*/} ;;
			esac
		done
	done
	cp /command /host/run/command
	mkdir /host/run/quick
	cp /bin/busybox /host/run/quick/
	for t in cat cut grep head mkfifo mktemp nsenter paste rm sleep sort tail tr wc; do
		ln -s busybox /host/run/quick/\$t
	done
	mkdir /host/run/lib
	for l in $(libraries); do cp /host\$l /host/run/lib/; done
	exec 3>\$status
	echo up >&3
	chroot /host /bin/bash /run/command </dev/null >\$output 2>&1
	echo \$? >&3
	sync
	poweroff -f
INIT
chmod +x "$run"/initramfs/init "$run"/initramfs/sbin/modprobe
(cd "$run/initramfs" && find . | cpio --quiet -o -H newc) >"$run/initrd" || exit 125

# ---- the machine: always emulated, because with kvm it sometimes does not come up

# qemu stops writing when its input ends, so the input stays open
mkfifo "$run/input" && exec 8<>"$run/input" || exit 125
share=security_model=none,readonly=on,multidevs=remap
start() {
	timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg,thread=multi -cpu Nehalem -m "$memory" -smp "$cpus" \
		-nodefaults -display none -monitor none -no-reboot -nic none \
		-kernel "$cache/root/boot/vmlinuz-$version" -initrd "$run/initrd" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off norandmaps init_on_alloc=0" -serial "file:$run/console" \
		-virtfs "local,path=/,mount_tag=host,$share" -virtfs "local,path=$root,mount_tag=repository,$share" \
		-device virtio-serial \
		-chardev stdio,id=output,signal=off -device virtserialport,chardev=output,name=output \
		-chardev "file,id=status,path=$run/status" -device virtserialport,chardev=status,name=status \
		<&8 2>"$run/errors" &
	machine=$!
}

# Waits until the machine is up; fails if it hangs.
comes_up() {
	local i
	for ((i = 0; i < boot * 2; i++)); do
		grep -qs . "$run/status" || ! kill -0 "$machine" 2>/dev/null && return 0
		sleep 0.5
	done
	return 1
}

start
for again in 1 2; do
	comes_up && break
	echo "vm.sh: the emulated machine is not up after $boot s; starting it again ($again)" >&2
	kill "$machine" 2>/dev/null
	wait "$machine" 2>/dev/null
	start
done
wait "$machine"
rc=$?
machine=
status=$(tail -n 1 "$run/status" 2>/dev/null)
[[ $status =~ ^[0-9]+$ ]] && exit "$status"
if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then
	echo "vm.sh: not done after $limit s" >&2
	exit 124
fi
echo "vm.sh: the emulated machine ended early (qemu: exit $rc)" >&2
{ cat "$run/errors"; grep -vE "^\[ *[0-9.]+\] ( |R|Code)" "$run/console"; } | tail -n 30 >&2
exit 125
