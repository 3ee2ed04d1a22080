# the machine code of a program
$ anybpf disasm --jit --no-source --prog number $DATA/../elf/objects/long.bpf.c
number \(section "xdp"\): 2 instructions, \d+ bytes of machine code (re)
 +0:  [0-9a-f ]+ movz? .*, #?0x.* (re)
...
 +[0-9a-f]+:  [0-9a-f ]+ ret (re)

# of each program
$ anybpf disasm --jit $DATA/../elf/objects/long.bpf.c | grep section
work \(section "xdp"\): \d+ instructions, \d+ bytes of machine code (re)
number \(section "xdp"\): 2 instructions, \d+ bytes of machine code (re)

# function by function, with the lines of C
$ anybpf disasm --jit --jit-passes all,-inline $DATA/frames.bpf.c | grep -v '^  '
outer \(section "xdp"\): 17 instructions, \d+ bytes of machine code (re)
outer:
; int bytes = ctx->data_end - ctx->data; @ .*:16 (re)
; return inner\(bytes\) .* @ .*:18 (re)
inner:
; __attribute__\(\(noinline\)\) int inner\(int bytes\) @ .*:7 (re)
; bpf_printk\(.* @ .*:9 (re)
; return bytes; @ .*:10 (re)

# what is built in is named, and shown where it is
$ anybpf disasm --jit $DATA/frames.bpf.c | grep 'inner\|printk'
...
; bpf_printk\(.* @ .*:9 (re)
...
inner: part of what calls it

# its number stands in it, or is hidden
$ anybpf disasm --jit --no-source --prog number $DATA/../elf/objects/long.bpf.c | grep -c '0x41424344\|0x4344$'
1

$ anybpf disasm --jit --no-source --jit-blind --prog number $DATA/../elf/objects/long.bpf.c | grep -c '0x41424344\|0x4344$'
0
[1]

# the intermediate form, after the last step
$ anybpf disasm --ir --prog number $DATA/../elf/objects/long.bpf.c
; registers
fn 0, frame 0
b0:
...
	ret .* (re)

# after each step that was done
$ anybpf disasm --jit-passes none,fold --step all --prog work $DATA/../elf/objects/long.bpf.c | grep '^;'
; build
; registers
; build
; fold
; lower
; registers

# after one
$ anybpf disasm --step build --prog work $DATA/../elf/objects/long.bpf.c | head -n 3
; build
fn 0, frame \d+ (re)
b0:

# after each of those that the list names
$ for s in build $(anybpf disasm --jit-passes list | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -v 'facts\|inline\|address') lower registers; do anybpf disasm --ir --step $s --prog work $DATA/../elf/objects/long.bpf.c | grep -q "^; $s\$" || echo $s; done

# both
$ anybpf disasm --ir --jit --prog number $DATA/../elf/objects/long.bpf.c | grep -c '^; registers\|^number (section "xdp")'
2

# a step that there is not
$ anybpf disasm --step frobnicate $DATA/../elf/objects/long.bpf.c
anybpf disasm: the compiler has no step 'frobnicate'
Try 'anybpf disasm --help'.
[2]

# what is switched off comes to no step
$ anybpf disasm --step fold --jit-passes -fold $DATA/../elf/objects/long.bpf.c
anybpf: .*/long\.bpf\.c: no program came to step 'fold' of the compiler (re)
[1]

$ ANYBPF_JIT=off anybpf disasm --ir $DATA/../elf/objects/long.bpf.c
anybpf: .*/long\.bpf\.c: no program came to step 'registers' of the compiler (re)
[1]

# no machine code, and why
$ ANYBPF_JIT=off anybpf disasm --jit --prog number $DATA/../elf/objects/long.bpf.c
number (section "xdp"): 2 instructions, no machine code: the host interprets

$ ANYBPF_JIT=off anybpf run --prog number $DATA/../elf/objects/long.bpf.c --pcap $EXAMPLES/traffic.pcap | head -n 1
number \(xdp, interpreter: the host interprets\): \d+ packets, \d+ bytes (re)

$ ANYBPF_JIT=off anybpf run --json --prog number $DATA/../elf/objects/long.bpf.c --pcap $EXAMPLES/traffic.pcap | python3 -c 'import json, sys; run = json.load(sys.stdin); print(run["execution"], "-", run["interpreted"])'
interpreter - the host interprets

$ ANYBPF_JIT=on anybpf run --json --prog number $DATA/../elf/objects/long.bpf.c --pcap $EXAMPLES/traffic.pcap | python3 -c 'import json, sys; run = json.load(sys.stdin); print(run["execution"], "interpreted" in run)'
jit False

$ ANYBPF_JIT=no anybpf run --prog number $DATA/../elf/objects/long.bpf.c --pcap $EXAMPLES/traffic.pcap 2>&1 | head -n 2
anybpf: ANYBPF_JIT is on or off, not 'no'
number \(xdp, jit\): \d+ packets, \d+ bytes (re)

# passes: all of them have a line
$ anybpf run --jit-passes list | grep -cv '^  [a-z]* \+[a-z]'
0
[1]

# with some of them or none the result is the same
$ for p in all none all,-fold,-inline none,promote; do anybpf run --jit-passes $p --json $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap | python3 -c 'import json, sys; run = json.load(sys.stdin); print(run["execution"], run["verdicts"])'; done | sort -u
jit {.*} (re)

$ anybpf run --jit-passes all,-frobnicate $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap
anybpf run: no pass of the compiler is called 'frobnicate'
Try 'anybpf run --help'.
[2]

$ anybpf disasm --jit --jit-passes '' $DATA/../elf/objects/long.bpf.c | grep -c section
2

# hidden numbers change nothing else
$ anybpf run --jit-blind --prog number $DATA/../elf/objects/long.bpf.c --pcap $EXAMPLES/traffic.pcap --count 5 | head -n 3
number \(xdp, jit\): 5 packets, \d+ bytes (re)
verdicts:
  1094861636       5

# an execution that takes too long is ended, its packet dropped
$ for l in '' '--max-steps 100000' '--max-time 1000'; do for e in '' --interp; do anybpf run $e $l --prog work $DATA/../elf/objects/long.bpf.c --pcap $EXAMPLES/traffic.pcap --count 2 | sed -n 's/^  XDP_/&/p'; done; done
  XDP_PASS         2
  XDP_PASS         2
  XDP_ABORTED      2
  XDP_ABORTED      2
  XDP_ABORTED      2
  XDP_ABORTED      2

# one that does not is not, whichever limits there are
$ anybpf run --max-steps 100000 --max-time 1000000000 --prog number $DATA/../elf/objects/long.bpf.c --pcap $EXAMPLES/traffic.pcap --count 2 | sed -n 3p
  1094861636       2

$ for l in 0 -1 many 1e3 99999999999999999999 ''; do anybpf run --max-steps "$l" x.bpf.o --pcap a; anybpf run --max-time "$l" x.bpf.o --pcap a; done 2>&1 | grep -v ^Try
anybpf run: --max-steps takes a positive number, not '0'
anybpf run: --max-time takes a positive number, not '0'
anybpf run: --max-steps takes a positive number, not '-1'
anybpf run: --max-time takes a positive number, not '-1'
anybpf run: --max-steps takes a positive number, not 'many'
anybpf run: --max-time takes a positive number, not 'many'
anybpf run: --max-steps takes a positive number, not '1e3'
anybpf run: --max-time takes a positive number, not '1e3'
anybpf run: --max-steps takes a positive number, not '99999999999999999999'
anybpf run: --max-time takes a positive number, not '99999999999999999999'
anybpf run: --max-steps takes a positive number, not ''
anybpf run: --max-time takes a positive number, not ''

# what only the user engine does
$ for o in '--jit-passes none' --jit-blind '--max-steps 5' '--max-time 5'; do anybpf run $o --engine kernel x.bpf.o --pcap a; echo $?; done 2>&1 | grep -v ^Try
anybpf run: --jit-passes is for the user engine
2
anybpf run: --jit-blind is for the user engine
2
anybpf run: --max-steps is for the user engine
2
anybpf run: --max-time is for the user engine
2

$ for o in --ir '--jit --jit-passes none' '--jit --jit-blind' '--jit --raw' ''; do anybpf disasm $o --engine kernel x.bpf.o; echo $?; done 2>&1 | grep -v ^Try
anybpf disasm: --ir is for the user engine
2
anybpf disasm: --jit-passes is for the user engine
2
anybpf disasm: --jit-blind is for the user engine
2
anybpf disasm: --raw has no program that could be loaded
2
anybpf disasm: --engine kernel is for --jit
2

# programs that there are not
$ anybpf disasm --jit --prog none $DATA/../elf/objects/long.bpf.c
anybpf: .*/long\.bpf\.c: there is no program 'none' (re)
[1]

# what is rejected has no machine code
$ anybpf disasm --jit --prog no_check $DATA/bad.bpf.c 2>&1 | head -n 1
anybpf: bad: program "no_check" is rejected: .* (re)

# code for a file likewise
$ LONG=$DATA/../elf/objects/long.bpf.c
> anybpf compile --prog number --output plain.so $LONG
> anybpf compile --jit-blind --prog number --output blind.so $LONG
> anybpf compile --jit-passes none --prog work --output slow.so $LONG
> objdump -d --section=.text plain.so | grep -c '0x41424344\|0x4344'; objdump -d --section=.text blind.so | grep -c '0x41424344\|0x4344'
> for f in plain blind; do anybpf run --aot $f.so --prog number $LONG --pcap $EXAMPLES/traffic.pcap --count 2 | sed -n 3p; done
> anybpf run --aot slow.so --prog work $LONG --pcap $EXAMPLES/traffic.pcap --count 2 | sed -n 3p
1
0
  1094861636       2
  1094861636       2
  XDP_PASS         2

?need memory that cannot be made executable

# where no memory may become executable, programs are interpreted and say why
$ python3 $DATA/no_exec.py anybpf run --prog number $DATA/../elf/objects/long.bpf.c --pcap $EXAMPLES/traffic.pcap --count 3 | head -n 3
number (xdp, interpreter: executable memory is refused: Permission denied): 3 packets, 290 bytes
verdicts:
  1094861636       3

$ python3 $DATA/no_exec.py anybpf disasm --jit --prog number $DATA/../elf/objects/long.bpf.c
number (section "xdp"): 2 instructions, no machine code: executable memory is refused: Permission denied
