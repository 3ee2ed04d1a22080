?need gdb
?need debugging

# how gdb is started below: the program runs once
$ cat > debug <<'END'
> object=$1; shift
> export ASAN_OPTIONS=detect_leaks=0
> gdb -q --batch -iex 'set debuginfod enabled off' -ex 'set pagination off' -ex 'set breakpoint pending on' "$@" --args \
>     anybpf run --jit-report gdb --jit-passes all,-inline $object --prog outer --pcap $EXAMPLES/traffic.pcap --count 1 2>&1
> END

# from a helper through two functions of the program to C
$ bash debug $DATA/frames.bpf.c -ex 'break helper_trace_printk' -ex run -ex bt | grep '^#'
#0 .* (re)
#1  0x[0-9a-f]+ in inner \(\) at .*/frames\.bpf\.c:9 (re)
#2  0x[0-9a-f]+ in outer \(\) at .*/frames\.bpf\.c:18 (re)
#3 .* jit_run .* (re)
...
#\d+ .* _start .* (re)

# a breakpoint of a function that does not exist yet, and its source
$ bash debug $DATA/frames.bpf.c -ex 'break inner' -ex run -ex list -ex 'info symbol $pc' -ex up | grep 'inner\|outer\|bpf_printk'
...
Breakpoint 1, .*inner \(\) at .*/frames\.bpf\.c:(7|8|9) (re)
...
9\s+bpf_printk\("packet of %d bytes", bytes\); /\* line 9 \*/ (re)
...
bpf_prog_[0-9a-f]{16}_inner.* in section \.text .* (re)
#1  0x[0-9a-f]+ in outer \(\) at .*/frames\.bpf\.c:18 (re)
18\s+return inner.* (re)

# a breakpoint of a line, step out of it
$ bash debug $DATA/frames.bpf.c -ex 'break frames.bpf.c:9' -ex run -ex finish | grep -v '^\['
...
Breakpoint 1, .*inner \(\) at .*/frames\.bpf\.c:9 (re)
...
.*outer \(\) at .*/frames\.bpf\.c:18 (re)
...

# at every instruction, the frames above it are found
$ cat > steps <<'END'
> python
> def names():
>     frame, names = gdb.newest_frame(), []
>     while frame:
>         names.append(frame.name())
>         frame = frame.older()
>     return names
> steps = lost = 0
> stack = names()
> while "outer" in stack:
>     inside = stack[0] in ("inner", "outer")
>     steps += inside
>     lost += inside and not ("jit_run" in stack and stack[-1] == "_start")
>     gdb.execute("stepi" if inside else "finish", to_string=True)
>     stack = names()
> print("many steps:", steps > 20, "lost:", lost, "then in:", stack[0])
> end
> END
> bash debug $DATA/frames.bpf.c -ex 'break outer' -ex run -ex delete -x steps | tail -n 1
many steps: True lost: 0 then in: jit_run
