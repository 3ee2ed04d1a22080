# an accepted program
$ anybpf verify $EXAMPLES/xdp_count.bpf.c
xdp_count \(section "xdp"\): accepted, \d+ instructions, \d+ processed (re)

# a rejection is explained: the C, how it came to it, Linux's message, a remedy
$ anybpf verify $DATA/bad.bpf.c
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

# one program of several
$ anybpf verify --prog fine $DATA/bad.bpf.c
fine (section "xdp"): accepted, 2 instructions, 2 processed

# a program that is not there
$ anybpf verify --prog other $DATA/bad.bpf.c
anybpf: .*bad\.bpf\.c: there is no program 'other' (re)
[1]

# the same as JSON
$ anybpf verify --json $DATA/bad.bpf.c | python3 -c 'import json, sys; p = json.load(sys.stdin)["programs"]; print(p[0]["name"], p[0]["accepted"], p[0]["line"], p[0]["insn"], p[1]["accepted"])'
no_check False 12 1 True

# colours, when they are asked for
$ anybpf verify --color always --prog no_check $DATA/bad.bpf.c | grep -c $'\033\[1;31merror\[packet-unchecked\]\033\[0m'
1

$ anybpf verify --color sometimes $DATA/bad.bpf.c
anybpf verify: --color takes auto, always or never, not 'sometimes'
Try 'anybpf verify --help'.
[2]

# who loads it
$ anybpf verify --profile unprivileged --prog fine $DATA/bad.bpf.c
fine (section "xdp"): rejected
error[not-permitted]: the loader is not allowed to load xdp programs
the loader says: bad: program "fine" is rejected: Operation not permitted
help: Programs for networking need CAP_BPF and CAP_NET_ADMIN, programs for tracing CAP_BPF and
      CAP_PERFMON. Socket filters and cgroup skb programs need none where the kernel allows it
      (kernel.unprivileged_bpf_disabled = 0).
[1]

$ anybpf verify --profile bpf --prog fine $DATA/bad.bpf.c | head -1
fine (section "xdp"): rejected

$ anybpf verify --profile whoever $DATA/bad.bpf.c
anybpf verify: unknown profile 'whoever'
Try 'anybpf verify --help'.
Profiles:
...
  unprivileged   no capabilities, where the kernel allows that
  linux-X.Y      nothing that is newer than that version
[2]

$ anybpf verify --engine kernel --profile unprivileged $DATA/bad.bpf.c
anybpf: .* (re)
[1]


# what an older kernel has not
$ anybpf verify --profile linux-5.10 --prog fixed $DATA/../explain/callback-return.bpf.c
fixed \(section "xdp"\): accepted, \d+ instructions, \d+ processed (re)
too new for Linux 5.10:
  .*callback-return.bpf.c:\d+: a callback needs Linux 5.13 (re)
  .*callback-return.bpf.c:\d+: bpf_loop\(\) needs Linux 5.17 (re)
[1]

$ anybpf verify --profile linux-5.17 --prog fixed $DATA/../explain/callback-return.bpf.c
fixed \(section "xdp"\): accepted, \d+ instructions, \d+ processed (re)

$ anybpf verify --json --profile linux-5.7 --prog fixed $DATA/../explain/ringbuf-leak.bpf.c | python3 -c 'import json, sys; print([(n["what"], n["since"]) for n in json.load(sys.stdin)["programs"][0]["needs"]])'
[('a map of type ringbuf', '5.8'), ('bpf_ringbuf_reserve()', '5.8'), ('bpf_ringbuf_discard()', '5.8'), ('bpf_ringbuf_submit()', '5.8')]

# what was proven
$ anybpf verify --facts --prog fixed $DATA/../explain/map-value-bounds.bpf.c
fixed (section "xdp"): accepted, 17 instructions, 19 processed
...
; slots.slot...; @ .*map-value-bounds.bpf.c:33 (re)
   10: r6 <<= 3                             ; 0 to 56
   11: r0 += r6
   12: r1 = *(u64 *)(r0 +0)                 ; map value
...

$ anybpf verify --facts --json --prog fixed $DATA/../explain/map-value-bounds.bpf.c | python3 -c 'import json, sys; f = json.load(sys.stdin)["programs"][0]["facts"]; print(next(x for x in f if x["insn"] == 7)["map"], [x for x in f if x.get("max") == 56][0]["insn"], all(x["reached"] for x in f))'
histogram 10 True

# where the work went, asked for and when the limit is reached
$ anybpf verify --complexity --prog fixed $DATA/../explain/too-complex.bpf.c
fixed \(section "xdp"\): accepted, \d+ instructions, \d+ processed (re)
complexity: \d+ instructions explored of a program of \d+ (re)
   share   explored  states  where
   .*too-complex.bpf.c:2[12]  .* (re)
...

$ anybpf verify --json --prog bad $DATA/../explain/too-complex.bpf.c | python3 -c 'import json, sys; c = json.load(sys.stdin)["programs"][0]["complexity"]; print(c["explored"], sum(x["explored"] for x in c["lines"]) == c["explored"], c["functions"][0]["name"])'
1000000 True bad

# completion of commands, options and values
$ source $DATA/../../completion/anybpf.bash
> for words in "anybpf ver" "anybpf verify --com" "anybpf verify --profile unp"; do
>   COMP_WORDS=($words); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
>   _anybpf anybpf "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; echo "${COMPREPLY[@]}"
> done
verify
--complexity
unprivileged

# the bare log
$ anybpf verify --raw --prog fine $DATA/bad.bpf.c
...
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0

# C that does not compile: clang's own words
$ echo 'int f(void) { return x; }' > wrong.bpf.c; anybpf verify wrong.bpf.c
wrong.bpf.c:1:22: error: use of undeclared identifier 'x'
...
anybpf: wrong.bpf.c: clang-19 could not compile it
[1]

# a compiler that is not there
$ anybpf verify --clang nothing-like-it $DATA/bad.bpf.c
anybpf: .*bad\.bpf\.c: cannot run nothing-like-it: No such file or directory \(--clang or ANYBPF_CLANG names another compiler\) (re)
[1]

# no such file
$ anybpf verify nothing.bpf.o
anybpf: nothing.bpf.o: No such file or directory
[1]

# no ELF at all
$ echo hello > text.bpf.o; anybpf verify text.bpf.o
anybpf: text\.bpf\.o: .*not an ELF.* (re)
[1]

# an object of another machine
$ anybpf verify $ANYBPF
anybpf: .*anybpf: .* (re)
[1]

# how much of the log
$ for l in 1 2 4; do anybpf verify --raw --log-level $l --prog fine $DATA/bad.bpf.c; done
processed 2 insns .* (re)
func#0 @0
0: R1=ctx() R10=fp0
; return XDP_PASS; @ bad.bpf.c:18
0: \(b4\) w0 = 2 .* (re)
1: (95) exit
processed 2 insns .* (re)
verification time \d+ usec (re)
stack depth 0
processed 2 insns .* (re)

$ anybpf verify --log-level 9 $DATA/bad.bpf.c
anybpf verify: --log-level takes 1 to 7, not '9'
...
[2]
