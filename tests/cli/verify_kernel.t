?need kernel
# the kernel says the same of both programs
$ anybpf verify --engine kernel $DATA/bad.bpf.c
no_check (section "xdp"): rejected
error[packet-unchecked]: the packet may end before `data[12]`
  --> .*bad\.bpf\.c:12:9 (re)
11 |
12 |         return data[12] ? XDP_PASS : XDP_DROP;
   |                ^^^^^^^^ needs 13 bytes of the packet; none was checked
13 | }
   = instruction 1: r1 = *(u8 *)(r1 +12)
how it came to this:
10 |         unsigned char *data = (void *)(long)ctx->data;
   |                                             --------- `data` is read from the context
the verifier says: invalid access to packet, off=12 size=1, R1(id=0,off=12,r=0)
                   R1 offset is outside of the packet
help: Compare with the end of the packet first:
          if ((void *)data + 13 > (void *)(long)ctx->data_end)
              return XDP_PASS;
fine (section "xdp"): accepted, 2 instructions, 2 processed
[1]

# the example over its capture: the kernel's verdicts and maps are ours
$ for e in user kernel; do anybpf run $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap --engine $e --json > $e.json; done
> python3 -c '
> import json
> a, b = (json.load(open(e + ".json")) for e in ("user", "kernel"))
> print(a["packets"] == b["packets"] > 400, a["verdicts"] == b["verdicts"])
> def total(run, name):
>     m = next(m for m in run["maps"] if m["name"] == name)
>     out = {}
>     for e in m["entries"]:
>         v = e["values"] if "values" in e else [e]
>         out[str(e["key"])] = [sum(x["value"]["packets"] if isinstance(x["value"], dict) else x["value"] for x in v),
>                               sum(x["value"]["bytes"] if isinstance(x["value"], dict) else 0 for x in v)]
>     return out
> print(total(a, "protocols") == total(b, "protocols"), total(a, "services") == total(b, "services"))
> '
True True
True True

# the ring buffer as well
$ for e in user kernel; do anybpf run $DATA/ring.bpf.c --pcap $EXAMPLES/traffic.pcap --count 40 --engine $e --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["maps"][0]["records"])' > $e.ring; done; cmp user.ring kernel.ring && echo same
same

# a tc program: what the kernel's test run will not take is told apart
$ anybpf run $DATA/ring.bpf.c --pcap $EXAMPLES/traffic.pcap --engine kernel | grep -A 4 verdicts
verdicts:
  TC_ACT_.* (re)
  TC_ACT_.* (re)
  \(not run\) +\d+ (re)
maps:

# Linux's machine code, function by function
$ anybpf disasm --jit --engine kernel $DATA/frames.bpf.c | grep -v '^  '
outer \(section "xdp"\): 17 instructions, \d+ bytes of machine code (re)
outer:
...
; return inner\(bytes\) .* @ .*:18 (re)
inner:
; __attribute__\(\(noinline\)\) int inner\(int bytes\) @ .*:7 (re)
; bpf_printk\(.* @ .*:9 (re)
; return bytes; @ .*:10 (re)

# Linux's machine code
$ anybpf disasm --jit --engine kernel --prog number $DATA/../elf/objects/long.bpf.c
number \(section "xdp"\): 2 instructions, \d+ bytes of machine code (re)
...
 +[0-9a-f]+:  .* mov.*, #?0x4.* (re)
...
