# an accepted program
$ anybpf verify $EXAMPLES/xdp_count.bpf.c
xdp_count \(section "xdp"\): accepted, \d+ instructions, \d+ processed (re)

# a rejection has Linux's message, the C line and the instruction
$ anybpf verify $DATA/bad.bpf.c
no_check (section "xdp"): rejected: Permission denied
  invalid access to packet, off=12 size=1, R1(id=0,off=12,r=0)
  R1 offset is outside of the packet
  at .*bad\.bpf\.c:12:\d+ (re)
    return data[12] ? XDP_PASS : XDP_DROP;
  insn 1: (71) r1 = *(u8 *)(r1 +12)
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
