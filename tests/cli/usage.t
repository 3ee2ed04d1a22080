# no command is a usage error
$ anybpf
usage: anybpf COMMAND [ARGUMENT...]
...
[2]

# help names every command
$ anybpf --help
usage: anybpf COMMAND [ARGUMENT...]
...
  run .* (re)
  verify .* (re)
  compile .* (re)
  disasm .* (re)
  btf .* (re)
  asm .* (re)
...

# the version is the library's
$ anybpf --version
anybpf \d+\.\d+\.\d+ (re)

# an unknown command
$ anybpf frobnicate
anybpf: unknown command 'frobnicate'
Try 'anybpf --help'.
[2]

# each command has help
$ for c in run verify compile disasm btf asm; do anybpf $c --help | head -n 1; anybpf help $c | cmp - <(anybpf $c --help); done
usage: anybpf run \[OPTION\.\.\.\] FILE .* (re)
usage: anybpf verify [OPTION...] FILE
usage: anybpf compile [OPTION...] FILE -o OUT
usage: anybpf disasm [OPTION...] FILE
usage: anybpf btf [OPTION...] dump (host | FILE) [format raw]
usage: anybpf asm [OPTION...] [FILE]

# run needs a source
$ anybpf run x.bpf.o
anybpf run: either --pcap or --iface is needed
Try 'anybpf run --help'.
[2]

# run takes one source only
$ anybpf run x.bpf.o --pcap a --iface b
anybpf run: either --pcap or --iface is needed
...
[2]

# run needs a file
$ anybpf run --pcap a
anybpf run: a file is needed
...
[2]

# only one file
$ anybpf verify a b
anybpf verify: unexpected argument 'b'
...
[2]

# an option that does not exist
$ anybpf run --frobnicate
.*unrecognized option '--frobnicate' (re)
Try 'anybpf run --help'.
[2]

# numbers are checked
$ anybpf run x.bpf.o --pcap a --repeat 0
anybpf run: --repeat takes a positive number, not '0'
...
[2]

# engines are checked
$ anybpf verify x.bpf.o --engine moon
anybpf verify: unknown engine 'moon' (user or kernel)
...
[2]

# interpreting is for the user engine
$ anybpf run x.bpf.o --pcap a --interp --engine kernel
anybpf run: --interp is for the user engine
...
[2]

# reports are named
$ anybpf run --jit-report list
  perf       names of functions in /tmp/perf-PID.map, for perf report
  jitdump    .*, for perf inject --jit (re)
...

# an unknown report
$ anybpf run x.bpf.o --pcap a --jit-report perf,moon
anybpf run: no report of the compiler is called 'moon'
...
[2]

# reports are of the user engine's code
$ anybpf run x.bpf.o --pcap a --jit-report perf --engine kernel
anybpf run: --jit-report is for the user engine
...
[2]

# every option that help names is run by a test, and in the manual
$ for c in run verify disasm asm compile; do for o in $(anybpf $c --help | sed -n 's/^  \(-[a-z], \)*\(--[a-z-]*\).*/\2/p' | grep -v help); do grep -q -e "anybpf $c .*$o\b" $DATA/*.t || echo "$c $o: no test"; grep -q -e "\*$o\*" $DATA/../../man/anybpf.1.scd || echo "$c $o: not in the manual"; done; done

# which compiler
$ anybpf disasm --clang no-such-clang $DATA/bad.bpf.c
anybpf: .*no-such-clang.* (re)
[1]

$ anybpf run --clang no-such-clang $DATA/bad.bpf.c --prog fine --pcap $EXAMPLES/traffic.pcap
anybpf: .*no-such-clang.* (re)
[1]

$ anybpf compile --clang no-such-clang $DATA/bad.bpf.c -o bad.so
anybpf: .*no-such-clang.* (re)
[1]

$ ANYBPF_CLANG=no-such-clang anybpf verify $DATA/bad.bpf.c
anybpf: .*no-such-clang.* (re)
[1]

# btf dump knows one form
$ anybpf btf dump host format c
anybpf btf: format c is not there yet, only raw
...
[2]
