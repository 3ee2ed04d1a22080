# the example over its capture
$ anybpf run $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap
xdp_count \(xdp, (jit|interpreter)\): \d+ packets, \d+ bytes (re)
verdicts:
  XDP_PASS  +\d+ (re)
  XDP_DROP  +6 (re)
maps:
  protocols (percpu_array, at most 9 entries)
    ARP: {.packets = 2, .bytes = 84}
...
    TRUNCATED: .* (re)
  services (hash, at most 1024 entries)
...
  .*bss.* \(array\) (re)
    longest = 1514
    vlan_tags = \d+ (re)
\d+\.\d ns per packet, \d+ packets per second (re)

# interpreted
$ anybpf run --interp $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap | head -n 1
xdp_count \(xdp, interpreter\): \d+ packets, \d+ bytes (re)

# interpreter and machine code see the same
$ anybpf run --json $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap > a; anybpf run --json --interp $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap > b
> python3 -c '
> import json
> def counts(file):
>     run = json.load(open(file))
>     for m in run["maps"]:
>         for e in m.get("entries", []):
>             if "values" in e: e["values"] = [sum(v["value"][f] for v in e["values"]) for f in ("packets", "bytes")]
>     return run["verdicts"], run["maps"]
> print(counts("a") == counts("b"))'
True

# what passes is written, what is dropped is not
$ anybpf run $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap --write out.pcap > /dev/null; anybpf run $EXAMPLES/xdp_count.bpf.c --pcap out.pcap | grep -A 2 verdicts
verdicts:
  XDP_PASS  +\d+ (re)
maps:

# it stops where it was told
$ anybpf run $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap --count 10 | head -n 1
xdp_count \(xdp, .*\): 10 packets, \d+ bytes (re)

# several programs: one must be chosen
$ anybpf run $DATA/bad.bpf.c --pcap $EXAMPLES/traffic.pcap
anybpf: .*bad\.bpf\.c: there are 2 programs for packets; choose one by --prog (re)
  no_check (section "xdp")
  fine (section "xdp")
[1]

# the chosen one runs, however bad the other is
$ anybpf run $DATA/bad.bpf.c --prog fine --pcap $EXAMPLES/traffic.pcap | head -n 3
fine \(xdp, .*\): \d+ packets, \d+ bytes (re)
verdicts:
  XDP_PASS  +\d+ (re)

# a rejected program is not run
$ anybpf run $DATA/bad.bpf.c --prog no_check --pcap $EXAMPLES/traffic.pcap 2>&1 | grep -m 1 'R1 offset is outside of the packet'
.*R1 offset is outside of the packet.* (re)

# messages of bpf_printk
$ anybpf run $DATA/printk.bpf.c --pcap $EXAMPLES/traffic.pcap --count 2 2>&1 >/dev/null
packet of \d+ bytes (re)
packet of \d+ bytes (re)

# no such capture
$ anybpf run $EXAMPLES/xdp_count.bpf.c --pcap nothing.pcap
anybpf: nothing.pcap: No such file or directory
[1]

# no capture at all
$ echo hello there, this is no capture > text.pcap; anybpf run $EXAMPLES/xdp_count.bpf.c --pcap text.pcap
anybpf: text.pcap: unknown file format
[1]

# a capture that is cut off: what was read is told
$ head -c 5000 $EXAMPLES/traffic.pcap > cut.pcap; anybpf run $EXAMPLES/xdp_count.bpf.c --pcap cut.pcap
anybpf: cut\.pcap: packet \d+: truncated dump file.* (re)
xdp_count \(xdp, .*\): \d+ packets, \d+ bytes (re)
...
[1]

# from a pipe
$ cat $EXAMPLES/traffic.pcap | anybpf run $EXAMPLES/xdp_count.bpf.c --pcap - | head -n 1
xdp_count \(xdp, .*\): \d+ packets, \d+ bytes (re)

# an interface that does not exist
$ anybpf run $EXAMPLES/xdp_count.bpf.c --iface nothing0
anybpf: nothing0: no such interface
[1]

# a file that cannot be written
$ anybpf run $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap --write /nowhere/out.pcap
anybpf: /nowhere/out.pcap: No such file or directory
[1]

# records of a ring buffer, in order, without those that were dropped
$ anybpf run $DATA/ring.bpf.c --pcap $EXAMPLES/traffic.pcap --count 6
report \(sched_cls, .*\): 6 packets, \d+ bytes (re)
verdicts:
  TC_ACT_OK        6
maps:
  events (ringbuf, 4096 bytes)
    4 bytes: .. .. 00 00 (re)
    4 bytes: .. .. 00 00 (re)
    4 bytes: .. .. 00 00 (re)
    (3 records, 12 bytes)
  .bss (array)
    packets = 6
...

# a ring buffer that is full
$ anybpf run $DATA/ring.bpf.c --pcap $EXAMPLES/traffic.pcap --json | python3 -c '
> import json, sys
> run = json.load(sys.stdin)
> print(sum(run["verdicts"].values()) == run["packets"], run["verdicts"]["TC_ACT_SHOT"] > 0, len(run["maps"][0]["records"]))'
True True 128
