# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Boots a guest, runs one command in it and tells what became of it.

number()
{
	[[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || die "-$1: '$2' is not a positive number"
}

# Removes what labs left behind that could not clean up.
guest_sweep()
{
	local dir

	while read -r dir; do
		! flock -n "$dir" true || rm -rf "$dir"
	done < <(find "$LAB_CACHE" -maxdepth 1 -name 'run.*' -mmin +5)
}

guest_cleanup()
{
	local status=$?

	# Nothing may stop this half-way, not even a terminal that has gone.
	trap '' INT TERM HUP
	trap - EXIT
	set +e
	if [[ -n ${QEMU_PID:-} ]]; then
		# This is timeout(1), which passes it on.
		kill "$QEMU_PID" 2>/dev/null && wait "$QEMU_PID" 2>/dev/null
	fi
	[[ -z ${RUN_DIR:-} ]] || rm -rf "$RUN_DIR"
	if [[ -z ${PREPARED:-} && $status -lt 125 ]]; then
		note "could not prepare the guest; is the disk full?"
		status=125
	fi
	exit "$status"
}

# The limit is timeout's; it and QEMU end with the lab, however that ends.
guest_boot()
{
	local kernel=$1 serial=$2
	local -a accel=(-accel "tcg,thread=multi" -cpu max) timeout=(timeout -k 5) machine=(-smp "$CPUS" -m "$MEMORY")
	local node

	[[ ${LAB_ACCEL:-tcg} != kvm ]] || accel=(-accel kvm -cpu host)
	# One instruction is one nanosecond. With erms and fsrm, each step of a string instruction would count as one.
	[[ -z $COUNTING ]] || accel=(-accel "tcg,thread=single" -cpu "max,-erms,-fsrm" -icount "shift=0,sleep=off")
	[[ -z $PLUGIN ]] || accel+=(-plugin "$PLUGIN")
	[[ $serial != stdio ]] || timeout+=(--foreground)
	((NODES == 1)) || machine[1]+=,sockets=$CPUS # which are spread over the nodes
	for ((node = 0; NODES > 1 && node < NODES; node++)); do
		machine+=(-object "memory-backend-ram,id=memory$node,size=$((MEMORY / NODES))M" -numa "node,memdev=memory$node")
	done
	# It is the caller's, and nobody minds if a guest is killed.
	[[ -z $DISK ]] || machine+=(-drive "file=disk,format=raw,if=virtio,cache=unsafe")
	# From there, as commas in a path would end it.
	cd "$RUN_DIR" || exit
	exec setpriv --pdeathsig TERM "${timeout[@]}" "$LIMIT" "$QEMU" \
		"${accel[@]}" "${machine[@]}" -display none -no-reboot -nic none -monitor none \
		-chardev "file,id=console,path=console" -serial chardev:console \
		-chardev "file,id=status,path=status" -serial chardev:status \
		-device virtio-serial-pci,ioeventfd=off \
		-chardev stdio,id=output,signal=off -device virtserialport,chardev=output \
		-kernel "$kernel/vmlinuz" -initrd initramfs \
		-append "console=ttyS0 8250.nr_uarts=4 loglevel=7 printk.devkmsg=on panic=-1 oops=panic rdinit=/init ${APPEND[*]}"
}

# Stops QEMU, which is $1, if the guest stops to say anything before its /init begins; then $RUN_DIR/silent is not empty.
# Not where the disk is full, and nothing it says can be seen.
guest_watch()
{
	local qemu=$1 now size=-1 since=$SECONDS

	while [[ ! -s $RUN_DIR/status ]] && kill -0 "$qemu" 2>/dev/null; do
		now=$(stat -c %s "$RUN_DIR/console" 2>/dev/null || echo 0)
		if ((now != size)); then
			size=$now since=$SECONDS
		elif ((SECONDS - since > SILENCE)); then
			! echo "$SILENCE" >"$RUN_DIR/silent" || kill "$qemu" 2>/dev/null
			return
		fi
		sleep 1
	done
}

# guest_once KERNEL MARK WATCH: boots the guest and passes on what it says, up to the mark. WATCH is called with QEMU's
# number meanwhile. Sets QEMU_STATUS.
guest_once()
{
	local kernel=$1 mark=$2 watch=$3 relay status=0

	: >"$RUN_DIR/console"
	: >"$RUN_DIR/status"
	# Through a pipe: QEMU makes its stdout non-blocking, which must not hit the caller's.
	mkfifo "$RUN_DIR/output" "$RUN_DIR/answer"
	# Never at its end: then the guest could not write any more.
	exec 7<>"$RUN_DIR/answer"
	"$LAB_DIR/relay" "$mark" <"$RUN_DIR/output" 3>&7 &
	relay=$!
	guest_boot "$kernel" pipe <&7 >"$RUN_DIR/output" 2>"$RUN_DIR/qemu-errors" &
	QEMU_PID=$!
	"$watch" "$QEMU_PID" >/dev/null 2>&1 &
	QEMU_STATUS=0
	wait "$QEMU_PID" || QEMU_STATUS=$?
	QEMU_PID=
	wait "$relay" || status=$?
	((status == 0 || status == 141)) || die "cannot write the output of the guest; is the disk full?"
	exec 7>&-
	rm "$RUN_DIR/output" "$RUN_DIR/answer"
}

# What became of the guest, as the lab's exit status.
guest_verdict()
{
	local qemu_status=$1 status last

	status=$(sed -n 's/^status \([0-9]*\)$/\1/p' "$RUN_DIR/status" | tail -n1)
	if [[ -n $KEEP_LOG ]]; then
		tr -d '\r' <"$RUN_DIR/console" >"$KEEP_LOG" || note "cannot write the kernel log to $KEEP_LOG"
	fi
	if ! "$LAB_DIR/log-check" "$RUN_DIR/console" >"$RUN_DIR/problems"; then
		note "the kernel log is not clean:"
		cat "$RUN_DIR/problems" >&2
		((qemu_status != 124)) || note "and the limit of $LIMIT s was reached; see -t"
		[[ -n $status ]] || note "the guest died before the command ended"
		return "$((qemu_status == 124 ? 124 : 125))"
	fi
	if [[ -n $status ]]; then
		return "$status"
	fi
	if ((qemu_status == 124 || qemu_status == 137)); then
		note "the limit of $LIMIT s was reached; the guest was stopped (see -t)"
		return 124
	fi
	last=$(tail -n1 "$RUN_DIR/status")
	case $last in
	cannot*) note "guest: $last" ;;
	started) note "the guest died before the command ended; end of its kernel log:" ;;
	*) note "the guest did not boot (QEMU ended with status $qemu_status); end of its kernel log:" ;;
	esac
	cat "$RUN_DIR/qemu-errors" >&2
	tail -n 20 "$RUN_DIR/console" 2>/dev/null | tr -d '\r' | sed 's/^/    /' >&2
	return 125
}

guest()
{
	local kind=$1 series=6.12 opt OPTARG OPTIND=1 item kernel mark
	local -a files=() trees=() modules=()
	shift

	# Seconds; what boots is silent for some, an instrumented kernel for a minute.
	SILENCE=${LAB_SILENCE:-180}
	[[ $SILENCE =~ ^[1-9][0-9]*$ ]] || die "LAB_SILENCE: '$SILENCE' is no number of seconds"
	CPUS=2 MEMORY=1024 NODES=1 APPEND=() KEEP_LOG='' LIMIT=300 COUNTING='' DISK='' PLUGIN=''
	[[ $kind = run ]] || LIMIT=0
	while getopts :k:t:m:c:n:d:f:T:M:a:l:p:i opt; do
		case $opt in
		k) series=$OPTARG ;;
		t) number t "$OPTARG"; LIMIT=$OPTARG ;;
		m) number m "$OPTARG"; MEMORY=$OPTARG ;;
		c) number c "$OPTARG"; CPUS=$OPTARG ;;
		n) number n "$OPTARG"; NODES=$OPTARG ;;
		d) DISK=$OPTARG ;;
		f) files+=("$OPTARG") ;;
		T) trees+=("$OPTARG") ;;
		M) modules+=("$OPTARG") ;;
		a) APPEND+=("$OPTARG") ;;
		l) KEEP_LOG=$OPTARG ;;
		p) PLUGIN=$OPTARG ;;
		i) COUNTING=1 CPUS=1 ;;
		:) die "$kind: option -$OPTARG needs a value" ;;
		*) die "$kind: unknown option -$OPTARG; see 'lab help'" ;;
		esac
	done
	shift $((OPTIND - 1))
	((MEMORY % NODES == 0)) || die "-n: $NODES nodes cannot have equal parts of $MEMORY MiB"
	case $kind in
	run) (($#)) || die "run: name a command to run in the guest" ;;
	shell)
		(($# == 0)) || die "shell: takes no command; use 'lab run'"
		[[ -t 0 && -t 1 ]] || die "shell: needs a terminal; use 'lab run' for commands"
		;;
	esac
	if [[ -n $DISK ]]; then
		[[ -f $DISK && -r $DISK && -w $DISK ]] ||
			die "-d: '$DISK' is no image that can be written; copy one that 'lab rootfs' made"
		((${#trees[@]} == 0)) || die "-T: not with -d, whose programs come from the image"
		APPEND+=(systemd.firstboot=off systemd.getty_auto=no systemd.show_status=error)
	fi
	for item in "${trees[@]}"; do
		[[ -d $item ]] || die "-T: no directory '$item'"
	done
	if [[ -n $PLUGIN ]]; then
		item=${PLUGIN%%,*}
		[[ -r $item ]] || die "-p: cannot read '$item'"
		PLUGIN=$(realpath "$item")${PLUGIN#"$item"}
	fi
	if [[ -n $KEEP_LOG ]]; then
		: >"$KEEP_LOG" || die "-l: cannot write '$KEEP_LOG'"
	fi

	for item in "${files[@]}"; do
		file_split "$item"
	done
	kernel=$(kernel_dir "$series")
	QEMU=$(qemu_path)
	trap guest_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	guest_sweep
	RUN_DIR=$(mktemp -d "${TMPDIR:-$LAB_CACHE}/run.XXXXXX")
	# Held by QEMU as well, so that no other lab takes the directory for a leftover.
	exec 8<"$RUN_DIR"
	flock 8
	initramfs_base "$RUN_DIR/root"
	for item in "${trees[@]}"; do
		initramfs_tree "$RUN_DIR/root" "$(realpath "$item")"
	done
	if [[ -n $DISK ]]; then
		ln -s "$(realpath "$DISK")" "$RUN_DIR/disk"
		initramfs_disk "$RUN_DIR/root" "$kernel"
	fi
	for item in "${files[@]}"; do
		"initramfs_${DISK:+disk_}file" "$RUN_DIR/root" "$item"
	done
	# For the output. Where they are missing as well the guest will say so: not every directory lists what is built in.
	for item in virtio_pci virtio_console; do
		initramfs_module "$RUN_DIR/root" "$kernel" "$item" || true
	done
	for item in "${modules[@]}"; do
		initramfs_module "$RUN_DIR/root" "$kernel" "$item" ||
			die "-M: kernel $(<"$kernel/release") has no module '$item'"
	done
	if [[ $kind = shell ]]; then
		printf "SHELL_WANTED='%s' STTY_SIZE='%s'\n" "${TERM:-vt100}" \
			"$(stty size | awk '$1 * $2 { print "rows", $1, "cols", $2 }')" >"$RUN_DIR/root/lab/command"
		initramfs_command "$RUN_DIR/root" sh -l
	else
		mark=output-ends-$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')
		printf "OUTPUT_MARK='%s'\n" "$mark" >"$RUN_DIR/root/lab/command"
		initramfs_command "$RUN_DIR/root" "$@"
	fi
	initramfs_pack "$RUN_DIR/root" "$RUN_DIR/initramfs"
	rm -rf "$RUN_DIR/root"
	PREPARED=1

	if [[ $kind = shell ]]; then
		note "booting; leave the shell with 'exit'"
		guest_boot "$kernel" stdio <&0 2>"$RUN_DIR/qemu-errors" &
		QEMU_PID=$!
		QEMU_STATUS=0
		wait "$QEMU_PID" || QEMU_STATUS=$?
	else
		# On a busy host, some kernels take a wrong measure of their timer, and then do nothing but serve it.
		guest_once "$kernel" "$mark" guest_watch
		if [[ -s $RUN_DIR/silent ]]; then
			note "the guest came to a stand while it booted, and said nothing for $SILENCE s; once more"
			mv "$RUN_DIR/console" "$RUN_DIR/first"
			guest_once "$kernel" "$mark" true
			# What is wrong in either counts.
			cat "$RUN_DIR/first" "$RUN_DIR/console" >"$RUN_DIR/both"
			mv "$RUN_DIR/both" "$RUN_DIR/console"
		fi
	fi
	QEMU_PID=
	guest_verdict "$QEMU_STATUS"
}
