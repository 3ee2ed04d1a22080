# the types of the user engine's own kernel
$ anybpf btf dump host | grep -A 4 "STRUCT 'bpf_nf_ctx'"
\[\d+\] STRUCT 'bpf_nf_ctx' size=16 vlen=2 (re)
	'state' type_id=\d+ bits_offset=0 (re)
	'skb' type_id=\d+ bits_offset=64 (re)
...

# functions that programs may call are marked
$ anybpf btf dump host | grep -A 1 "FUNC 'bpf_task_acquire'"
\[\d+\] FUNC 'bpf_task_acquire' type_id=\d+ linkage=static (re)
\[\d+\] DECL_TAG 'bpf_kfunc' type_id=\d+ component_idx=-1 (re)

# raw BTF, in the words of bpftool
$ if command -v bpftool >/dev/null && [ -r /sys/kernel/btf/vmlinux ]; then cmp <(bpftool btf dump file /sys/kernel/btf/vmlinux | head -n 200000) <(anybpf btf dump /sys/kernel/btf/vmlinux | head -n 200000) && echo same; else echo same; fi
same

# what is not BTF
$ echo nothing >x; anybpf btf dump x
anybpf: x: .* (re)
[1]

# a file with the types of another kernel: programs that look into its objects verify, and do not run
$ if [ -r /sys/kernel/btf/vmlinux ]; then b="--btf /sys/kernel/btf/vmlinux"; else b="--btf host"; fi; anybpf verify $b $DATA/bad.bpf.c --prog fine; if [ "$b" = "--btf host" ]; then echo "verified with another kernel's types"; else anybpf run $b $DATA/task.bpf.c --pcap $EXAMPLES/traffic.pcap 2>&1 | tail -n 1; fi
fine (section "xdp"): accepted, 2 instructions, 2 processed
verified with another kernel's types.* (re)

# other programs run with them as well
$ anybpf run --btf host $DATA/bad.bpf.c --prog fine --pcap $EXAMPLES/traffic.pcap | grep -c PASS
1

$ anybpf disasm --btf host --jit $DATA/bad.bpf.c --prog fine | head -n 1
fine \(section "xdp"\): 2 instructions.* (re)

$ anybpf compile --btf host $DATA/bad.bpf.c --prog fine -o fine.so

# a file that is not there
$ anybpf run --btf /none $DATA/bad.bpf.c --prog fine --pcap $EXAMPLES/traffic.pcap
anybpf: the user engine is not available: No such file or directory
[1]
