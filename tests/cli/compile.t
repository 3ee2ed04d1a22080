# a program is compiled, and says nothing
$ cp $EXAMPLES/xdp_count.bpf.c . && anybpf compile xdp_count.bpf.c -o count.so && ls
count.so
xdp_count.bpf.c

# it is a shared object that the system's loader takes
$ python3 -c 'import ctypes; ctypes.CDLL("./count.so"); print("loaded")'
loaded

# with the program's name as Linux gives it
$ python3 -c '
> data = open("count.so", "rb").read()
> import re
> print(re.search(rb"bpf_prog_[0-9a-f]{16}_xdp_count\0", data) is not None)'
True

# a run with it is a run with its code
$ anybpf run xdp_count.bpf.c --aot count.so --pcap $EXAMPLES/traffic.pcap | head -n 4
xdp_count \(xdp, aot\): \d+ packets, \d+ bytes (re)
verdicts:
  XDP_PASS  +\d+ (re)
  XDP_DROP  +6 (re)

# and the same as that of the compiler and the interpreter
$ for how in "--aot count.so" --interp ""; do anybpf run --json xdp_count.bpf.c $how --pcap $EXAMPLES/traffic.pcap > out.json
> python3 -c '
> import json
> run = json.load(open("out.json"))
> for m in run["maps"]:
>     for e in m.get("entries", []):
>         if "values" in e: e["values"] = [sum(v["value"][f] for v in e["values"]) for f in ("packets", "bytes")]
> print(json.dumps([run["verdicts"], run["maps"]]))'
> done | uniq | wc -l
1

# the environment names the file as well
$ ANYBPF_AOT=count.so anybpf run xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap | head -n 1
xdp_count \(xdp, aot\): .* (re)

# one of several files has it
$ anybpf compile $DATA/ring.bpf.c -o ring.so; anybpf run xdp_count.bpf.c --aot ring.so:count.so --pcap $EXAMPLES/traffic.pcap | head -n 1
xdp_count \(xdp, aot\): .* (re)

# no other file has it
$ anybpf run xdp_count.bpf.c --aot ring.so --pcap $EXAMPLES/traffic.pcap
anybpf: xdp_count: program "xdp_count" gets no code: ring.so: there is no code for a program "xdp_count"
[1]

# a map that has become larger
$ sed 's/max_entries, 1024/max_entries, 2048/' xdp_count.bpf.c > larger.bpf.c; anybpf run larger.bpf.c --aot count.so --pcap $EXAMPLES/traffic.pcap
anybpf: larger: program "xdp_count" gets no code: count.so: it is for a map "services" with max_entries 1024, not 2048
[1]

# another program by the same name
$ sed 's/XDP_DROP/XDP_ABORTED/' xdp_count.bpf.c > other.bpf.c; anybpf run other.bpf.c --aot count.so --pcap $EXAMPLES/traffic.pcap
anybpf: other: program "xdp_count" gets no code: count.so: its code was made from other instructions
[1]

# a program that is rejected has no use of its code
$ anybpf compile $DATA/bad.bpf.c -o bad.so 2>&1 | head -n 1; ls bad.so
anybpf: bad: program "no_check" is rejected: .* (re)
ls: cannot access 'bad.so': No such file or directory
[2]

# one program of several
$ anybpf compile $DATA/bad.bpf.c --prog fine -o fine.so && anybpf run $DATA/bad.bpf.c --prog fine --aot fine.so --pcap $EXAMPLES/traffic.pcap | head -n 1
fine \(xdp, aot\): .* (re)

# one that there is not
$ anybpf compile $DATA/bad.bpf.c --prog none -o none.so
anybpf: .*bad.bpf.c: there is no program 'none' (re)
[1]

# where executions have a budget, code must count
$ anybpf run xdp_count.bpf.c --aot count.so --max-steps 1000 --pcap $EXAMPLES/traffic.pcap
anybpf: xdp_count: program "xdp_count" gets no code: count.so: its code does not count steps, and executions here have a budget (anybpf compile --limits)
[1]

# code that counts runs with a budget and without
$ anybpf compile xdp_count.bpf.c --limits -o limits.so; for steps in "" "--max-steps 1000"; do anybpf run xdp_count.bpf.c --aot limits.so $steps --pcap $EXAMPLES/traffic.pcap | head -n 1; done
xdp_count \(xdp, aot\): .* (re)
xdp_count \(xdp, aot\): .* (re)

# for all processors of the kind
$ anybpf compile xdp_count.bpf.c --cpu baseline -o baseline.so && anybpf run xdp_count.bpf.c --aot baseline.so --pcap $EXAMPLES/traffic.pcap | head -n 1
xdp_count \(xdp, aot\): .* (re)

# what no processor has
$ anybpf compile xdp_count.bpf.c --cpu warp -o warp.so
anybpf: xdp_count: an? \S+ processor has no 'warp' (re)
[1]

# no file, no ELF file, another one, half of one
$ for so in none.so xdp_count.bpf.c $ANYBPF half.so; do head -c 3000 count.so > half.so; anybpf run xdp_count.bpf.c --aot $so --pcap $EXAMPLES/traffic.pcap; done
anybpf: none.so: No such file or directory
anybpf: xdp_count.bpf.c: it is no ELF file, or cut off
anybpf: .*anybpf: it has no section .anybpf: it was not made by anybpf compile (re)
anybpf: half.so: it is damaged or cut off: its sections are not there
[1]

# a byte of its description or of its code is another one
$ for at in 500 4200; do python3 -c 'import sys; b = bytearray(open("count.so", "rb").read()); b[int(sys.argv[1])] ^= 1; open("bit.so", "wb").write(b)' $at; anybpf run xdp_count.bpf.c --aot bit.so --pcap $EXAMPLES/traffic.pcap; done
anybpf: bit.so: it is damaged or cut off: its section .anybpf has another checksum
anybpf: xdp_count: program "xdp_count" gets no code: bit.so: the code of program "xdp_count" is damaged
[1]

# --aot has no use where programs are interpreted or the kernel runs them
$ anybpf run xdp_count.bpf.c --aot count.so --interp --pcap x; anybpf run xdp_count.bpf.c --aot count.so --engine kernel --pcap x
anybpf run: --aot and --interp do not go together
Try 'anybpf run --help'.
anybpf run: --aot is for the user engine
Try 'anybpf run --help'.
[2]

# -o is needed
$ anybpf compile xdp_count.bpf.c
anybpf compile: -o is needed: the file to write
Try 'anybpf compile --help'.
[2]

?need memory that cannot be made executable

# where no memory can be made executable there is no compiler
$ python3 $DATA/no_exec.py anybpf run xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap | head -n 1
xdp_count \(xdp, interpreter: executable memory is refused: Permission denied\): .* (re)

# but code of a file
$ python3 $DATA/no_exec.py anybpf run xdp_count.bpf.c --aot count.so --pcap $EXAMPLES/traffic.pcap | head -n 4
xdp_count \(xdp, aot\): .* (re)
verdicts:
  XDP_PASS  +\d+ (re)
  XDP_DROP  +6 (re)
