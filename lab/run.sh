# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Boots a guest, runs one command in it, and reports the result.

number()
{
	[[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || die "-$1: '$2' is not a positive number"
}

# Removes the directories of killed labs.
guest_sweep()
{
	local dir

	while read -r dir; do
		! flock -n "$dir" true || rm -rf "$dir"
	done < <(find "$LAB_CACHE" -maxdepth 1 -name 'run.*' -mmin +5)
}

# guest_record STATUS: writes the result to the file of -r; lab/README.md lists the lines.
guest_record()
{
	{
		printf 'status=%s\nend=%s\ncommand=%s\nclean=%s\nallowed=%s\nretried=%s\n' \
			"$1" "$END" "$ENDED_WITH" "$CLEAN" "$ALLOWED" "$RETRIED"
		printf 'kernel=%s\nseconds=%s\n' "$RELEASE" "$SECONDS"
	} 2>/dev/null >"$RESULT" || note "cannot write the result to $RESULT"
}

guest_cleanup()
{
	local status=$?

	# No signal may interrupt the clean-up, not even that of a closed terminal.
	trap '' INT TERM HUP
	trap - EXIT
	set +e
	if [[ -n ${QEMU_PID:-} ]]; then
		# QEMU_PID is timeout(1), which forwards the signal.
		kill "$QEMU_PID" 2>/dev/null && wait "$QEMU_PID" 2>/dev/null
	fi
	[[ -z ${RUN_DIR:-} ]] || rm -rf "$RUN_DIR"
	if [[ -z $PREPARED && $status -lt 125 ]]; then
		note "could not prepare the guest; is the disk full?"
		status=125
	fi
	[[ -z $RESULT ]] || guest_record "$status"
	exit "$status"
}

# timeout(1) enforces the limit. timeout and QEMU get a signal when the lab exits for any reason.
guest_qemu()
{
	local serial=$1
	local -a accel=(-accel "tcg,thread=multi" -cpu max) timeout=(timeout -k 5) machine=(-smp "$CPUS" -m "$MEMORY")
	local node

	[[ ${LAB_ACCEL:-tcg} != kvm ]] || accel=(-accel kvm -cpu host)
	# An instruction takes 2^COUNTING nanoseconds. With erms and fsrm, each step of a string instruction would count as one.
	[[ -z $COUNTING ]] || accel=(-accel "tcg,thread=single" -cpu "max,-erms,-fsrm" -icount "shift=$COUNTING,sleep=off")
	[[ -z $FEATURES ]] || accel[3]+=,$FEATURES
	[[ -z $PLUGIN ]] || accel+=(-plugin "$PLUGIN")
	[[ $serial != stdio ]] || timeout+=(--foreground)
	((NODES == 1)) || machine[1]+=,sockets=$CPUS # which are spread over the nodes
	for ((node = 0; NODES > 1 && node < NODES; node++)); do
		machine+=(-object "memory-backend-ram,id=memory$node,size=$((MEMORY / NODES))M" -numa "node,memdev=memory$node")
	done
	# The image is the caller's copy, so losing writes of a killed guest is acceptable.
	[[ -z $DISK ]] || machine+=(-drive "file=disk,format=raw,if=virtio,cache=unsafe")
	[[ -z $EMPTY ]] || machine+=(-drive "file=empty,format=raw,if=virtio,cache=unsafe")
	[[ -z $FIRMWARE ]] || machine+=("${UEFI_MACHINE[@]}")
	# Relative paths, because a comma in a path would end an option. On a busy host, an emulated CPU may stop for half a minute:
	# no_timer_check, because otherwise the kernel panics; and more time for its watchdogs.
	cd "$RUN_DIR" || exit
	exec setpriv --pdeathsig TERM "${timeout[@]}" "$LIMIT" "$QEMU" \
		"${accel[@]}" "${machine[@]}" -display none -no-reboot -nic none -monitor none \
		-chardev "file,id=console,path=console" -serial chardev:console \
		-chardev "file,id=status,path=status" -serial chardev:status \
		-device virtio-serial-pci,ioeventfd=off \
		-chardev stdio,id=output,signal=off -device virtserialport,chardev=output \
		-kernel "$IMAGE" -initrd initramfs \
		-append "console=ttyS0 8250.nr_uarts=4 loglevel=7 printk.devkmsg=on panic=-1 oops=panic no_timer_check \
rcupdate.rcu_cpu_stall_timeout=120 watchdog_thresh=60 rdinit=/init ${APPEND[*]}"
}

# True if the guest's /init has started. UEFI writes escape sequences to the same port.
guest_is_up()
{
	grep -q 'up$\|^cannot ' "$RUN_DIR/status"
}

# guest_watch PID: stops QEMU if the guest prints nothing for $SILENCE seconds before its /init starts, or if its kernel reports a
# stopped timer before the output starts; $RUN_DIR/hung names the reason. Does not stop QEMU if the disk is full, because then the
# guest's messages are lost. With -d, ignores a stopped timer, because the guest may have modified the image by then.
guest_watch()
{
	local qemu=$1 now size=-1 since=$SECONDS why=

	while [[ ! -e $RUN_DIR/passed ]] && kill -0 "$qemu" 2>/dev/null; do
		now=$(stat -c %s "$RUN_DIR/console" 2>/dev/null || echo 0)
		if ((now != size)); then
			size=$now since=$SECONDS
			[[ -n $DISK || -z $(tail -c 65536 "$RUN_DIR/console" | grep 'kthread timer wakeup didn') ]] ||
				why='a timer has stopped'
		elif ! guest_is_up && ((SECONDS - since > SILENCE)); then
			why="no output for $SILENCE s"
		fi
		if [[ -n $why && ! -e $RUN_DIR/passed ]]; then
			! echo "$why" >"$RUN_DIR/hung" || kill "$qemu" 2>/dev/null
			return
		fi
		sleep 1
	done
}

# guest_once WATCH: boots the guest and forwards its output up to the mark. Meanwhile WATCH runs with QEMU's PID. Sets
# QEMU_STATUS.
guest_once()
{
	local watch=$1 relay status=0

	: >"$RUN_DIR/console"
	: >"$RUN_DIR/status"
	# Through a pipe: QEMU makes its stdout non-blocking, which must not affect the caller's.
	mkfifo "$RUN_DIR/output" "$RUN_DIR/answer"
	# Keep the pipe open; at its end, the guest could not write any more.
	exec 7<>"$RUN_DIR/answer"
	"$LAB_DIR/relay" "$MARK" "$RUN_DIR/passed" <"$RUN_DIR/output" 3>&7 &
	relay=$!
	guest_qemu pipe <&7 >"$RUN_DIR/output" 2>"$RUN_DIR/qemu-errors" &
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

# guest_parse run|shell OPTIONS [COMMAND...]: parses the options into globals for the steps that follow.
guest_parse()
{
	local opt OPTARG OPTIND=1 item
	KIND=$1
	shift

	# Seconds. A booting kernel is silent for some, an instrumented one for a minute.
	SILENCE=${LAB_SILENCE:-180}
	[[ $SILENCE =~ ^[1-9][0-9]*$ ]] || die "LAB_SILENCE: '$SILENCE' is no number of seconds"
	SERIES=6.12 CPUS=2 MEMORY=1024 NODES=1 APPEND=() KEEP_LOG='' LIMIT=300 COUNTING='' DISK='' INITRAMFS='' PLUGIN=''
	FEATURES='' EMPTY='' FIRMWARE=''
	FILES=() TREES=() MODULES=() ALLOW=()
	[[ $KIND = run ]] || LIMIT=0
	while getopts :k:t:m:c:n:C:d:b:e:f:T:M:a:A:l:r:p:u:iI: opt; do
		case $opt in
		k) SERIES=$OPTARG ;;
		t) number t "$OPTARG"; LIMIT=$OPTARG ;;
		m) number m "$OPTARG"; MEMORY=$OPTARG ;;
		c) number c "$OPTARG"; CPUS=$OPTARG ;;
		n) number n "$OPTARG"; NODES=$OPTARG ;;
		C) FEATURES=$OPTARG ;;
		d) DISK=$OPTARG ;;
		b) INITRAMFS=$OPTARG ;;
		e) number e "$OPTARG"; EMPTY=$OPTARG ;;
		f) FILES+=("$OPTARG") ;;
		T) TREES+=("$OPTARG") ;;
		M) MODULES+=("$OPTARG") ;;
		a) APPEND+=("$OPTARG") ;;
		A) ALLOW+=(-a "$OPTARG") ;;
		l) KEEP_LOG=$OPTARG ;;
		r) RESULT=$OPTARG ;;
		p) PLUGIN=$OPTARG ;;
		u) FIRMWARE=$OPTARG ;;
		i) COUNTING=0 CPUS=1 ;;
		I) number I "$OPTARG"; COUNTING=$OPTARG ;;
		:) die "$KIND: option -$OPTARG needs a value" ;;
		*) die "$KIND: unknown option -$OPTARG; see 'lab help'" ;;
		esac
	done
	shift $((OPTIND - 1))
	COMMAND=("$@")

	((MEMORY % NODES == 0)) || die "-n: $NODES nodes cannot have equal parts of $MEMORY MiB"
	[[ $FEATURES =~ ^([+-][a-z0-9._-]+(,[+-][a-z0-9._-]+)*)?$ ]] ||
		die "-C: '$FEATURES' is no list of CPU features such as -la57,+x"
	case $KIND in
	run) (($#)) || die "run: name a command to run in the guest" ;;
	shell)
		(($# == 0)) || die "shell: takes no command; use 'lab run'"
		[[ -t 0 && -t 1 ]] || die "shell: needs a terminal; use 'lab run' for commands"
		;;
	esac
	if [[ -n $DISK ]]; then
		[[ -f $DISK && -r $DISK && -w $DISK ]] ||
			die "-d: '$DISK' is no image that can be written; copy one that 'lab rootfs' made"
		((${#TREES[@]} == 0)) || die "-T: not with -d, whose programs come from the image"
		APPEND+=(systemd.firstboot=off systemd.getty_auto=no systemd.show_status=error)
	fi
	if [[ -n $INITRAMFS ]]; then
		[[ -f $INITRAMFS && -r $INITRAMFS ]] || die "-b: cannot read '$INITRAMFS'"
		[[ -n $DISK ]] || die "-b: an initramfs needs a system to boot; name its disk by -d"
		((${#MODULES[@]} == 0)) || die "-M: not with -b; put the modules into the system's initramfs"
		APPEND+=(root=/dev/vda rw boot=lab systemd.unit=lab.service)
	fi
	for item in "${TREES[@]}"; do
		[[ -d $item ]] || die "-T: no directory '$item'"
	done
	for item in "${ALLOW[@]}"; do
		[[ $item = -a || -r $item ]] || die "-A: cannot read '$item'"
	done
	if [[ -n $PLUGIN ]]; then
		item=${PLUGIN%%,*}
		[[ -r $item ]] || die "-p: cannot read '$item'"
		PLUGIN=$(realpath "$item")${PLUGIN#"$item"}
	fi
	[[ -z $FIRMWARE ]] || : 2>/dev/null >>"$FIRMWARE" || die "-u: cannot write '$FIRMWARE'"
	[[ -z $KEEP_LOG ]] || : 2>/dev/null >"$KEEP_LOG" || die "-l: cannot write '$KEEP_LOG'"
	[[ -z $RESULT ]] || : 2>/dev/null >"$RESULT" || die "-r: cannot write '$RESULT'"
	for item in "${FILES[@]}"; do
		file_split "$item"
	done
}

# Gets the kernel and QEMU, and packs the initramfs in a directory of this run.
guest_prepare()
{
	local item root

	KERNEL=$(kernel_dir "$SERIES")
	RELEASE=$(<"$KERNEL/release")
	QEMU=$(qemu_path)
	guest_sweep
	RUN_DIR=$(mktemp -d "${TMPDIR:-$LAB_CACHE}/run.XXXXXX")
	IMAGE=$KERNEL/vmlinuz root=$RUN_DIR/root
	# QEMU inherits the lock, so that no other lab removes the directory.
	exec 8<"$RUN_DIR"
	flock 8
	initramfs_base "$root"
	[[ -z $FIRMWARE ]] || uefi_prepare
	for item in "${TREES[@]}"; do
		initramfs_tree "$root" "$(realpath "$item")"
	done
	if [[ -n $DISK ]]; then
		ln -s "$(realpath "$DISK")" "$RUN_DIR/disk"
		initramfs_disk "$root" "$KERNEL"
	fi
	if [[ -n $EMPTY ]]; then
		truncate -s "${EMPTY}M" "$RUN_DIR/empty"
		# May be built in.
		initramfs_module "$root" "$KERNEL" virtio_blk || true
	fi
	for item in "${FILES[@]}"; do
		"initramfs_${DISK:+disk_}file" "$root" "$item"
	done
	# For the output. If they are missing, the guest reports it; not every directory lists the built-in modules.
	for item in virtio_pci virtio_console; do
		initramfs_module "$root" "$KERNEL" "$item" || true
	done
	for item in "${MODULES[@]}"; do
		initramfs_module "$root" "$KERNEL" "$item" || die "-M: kernel $RELEASE has no module '$item'"
	done
	if [[ $KIND = shell ]]; then
		printf "SHELL_WANTED='%s' STTY_SIZE='%s'\n" "${TERM:-vt100}" \
			"$(stty size | awk '$1 * $2 { print "rows", $1, "cols", $2 }')" >"$root/lab/command"
		COMMAND=(sh -l)
	else
		MARK=output-ends-$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')
		printf "OUTPUT_MARK='%s'\n" "$MARK" >"$root/lab/command"
	fi
	initramfs_command "$root" "${COMMAND[@]}"
	if [[ -n $INITRAMFS ]]; then
		initramfs_own "$INITRAMFS" "$root"
	else
		initramfs_pack "$root" "$RUN_DIR/initramfs"
	fi
	rm -rf "$root"
	PREPARED=1
}

# Boots the guest; retries once if it hangs, or QEMU aborts, before the command. Sets QEMU_STATUS.
guest_boot()
{
	if [[ $KIND = shell ]]; then
		note "booting; leave the shell with 'exit'"
		guest_qemu stdio <&0 2>"$RUN_DIR/qemu-errors" &
		QEMU_PID=$!
		QEMU_STATUS=0
		wait "$QEMU_PID" || QEMU_STATUS=$?
		QEMU_PID=
		return
	fi
	RETRIED=no
	# On a busy host, some kernels calibrate their timer wrongly. They then only serve its interrupts, or get none.
	guest_once guest_watch
	if [[ -s $RUN_DIR/hung && ! -e $RUN_DIR/passed ]] && ! grep -q '^status ' "$RUN_DIR/status"; then
		note "guest hung during boot ($(<"$RUN_DIR/hung")); retrying"
	elif ((QEMU_STATUS == 134)) && ! guest_is_up; then
		# A failed assertion in QEMU; seen in iotlb_to_section() of 10.0.2.
		note "QEMU aborted during boot ($(tail -n1 "$RUN_DIR/qemu-errors")); retrying"
	else
		return 0
	fi
	RETRIED=yes
	mv "$RUN_DIR/console" "$RUN_DIR/first"
	guest_once true
	# Reports of both boots count, except stalls caused by that timer and everything after them.
	if grep -qsx 'a timer has stopped' "$RUN_DIR/hung"; then
		sed -i '/rcu: .*\(detected stall\|kthread timer wakeup\)/,$d' "$RUN_DIR/first"
	fi
	cat "$RUN_DIR/first" "$RUN_DIR/console" >"$RUN_DIR/both"
	mv "$RUN_DIR/both" "$RUN_DIR/console"
}

# Sets END (why the guest ended), CLEAN, ALLOWED and ENDED_WITH (the exit status of the command).
guest_judge()
{
	local log=$RUN_DIR/console

	[[ -z $KEEP_LOG ]] || tr -d '\r' <"$log" >"$KEEP_LOG" || note "cannot write the kernel log to $KEEP_LOG"
	CLEAN=yes
	"$LAB_DIR/log-check" "${ALLOW[@]}" "$log" >"$RUN_DIR/problems" || CLEAN=no
	ALLOWED=$("$LAB_DIR/log-check" -n "${ALLOW[@]}" "$log") || true
	ENDED_WITH=$(sed -n 's/^status \([0-9]*\)$/\1/p' "$RUN_DIR/status" | tail -n1)
	if ((QEMU_STATUS == 124)) || [[ -z $ENDED_WITH && $QEMU_STATUS = 137 ]]; then
		END=limit
	elif [[ -n $ENDED_WITH ]]; then
		END=exited
	elif [[ $(tail -n1 "$RUN_DIR/status") = started ]]; then
		END=died
	else
		END=not-booted
	fi
}

# Reports failures, and returns the exit status of the lab.
guest_tell()
{
	local last

	if [[ $CLEAN = no ]]; then
		note "the kernel log is not clean:"
		cat "$RUN_DIR/problems" >&2
		[[ $END != limit ]] || note "and the limit of $LIMIT s was reached; see -t"
		[[ -n $ENDED_WITH ]] || note "the guest died before the command ended"
		return "$((QEMU_STATUS == 124 ? 124 : 125))"
	fi
	# The command exited, even if the guest reached the limit afterwards.
	[[ -z $ENDED_WITH ]] || return "$ENDED_WITH"
	if [[ $END = limit ]]; then
		note "the limit of $LIMIT s was reached; the guest was stopped (see -t)"
		return 124
	fi
	last=$(tail -n1 "$RUN_DIR/status")
	case $END-$last in
	*-cannot*) note "guest: $last" ;;
	died-*) note "the guest died before the command ended; end of its kernel log:" ;;
	*) note "the guest did not boot (QEMU ended with status $QEMU_STATUS); end of its kernel log:" ;;
	esac
	cat "$RUN_DIR/qemu-errors" >&2
	tail -n 20 "$RUN_DIR/console" 2>/dev/null | tr -d '\r' | sed 's/^/    /' >&2
	return 125
}

# guest run|shell OPTIONS...
guest()
{
	QEMU_PID='' RUN_DIR='' PREPARED='' RESULT=${LAB_RESULT:-}
	END=failed ENDED_WITH='' CLEAN='' ALLOWED='' RETRIED='' RELEASE=''
	trap guest_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	guest_parse "$@"
	guest_prepare
	guest_boot
	guest_judge
	guest_tell
}
