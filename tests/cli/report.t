# the map has a line per function
$ anybpf run --jit-report perf $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap > out & wait $!; head -n 1 out; cat /tmp/perf-$!.map; rm -f /tmp/perf-$!.map
xdp_count \(xdp, (jit|interpreter)\): .* (re)
[0-9a-f]+ [0-9a-f]+ bpf_prog_[0-9a-f]{16}_xdp_count (re)

# the environment asks, where nobody else has
$ ANYBPF_JIT_REPORT=perf anybpf run $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap > /dev/null & wait $!; cat /tmp/perf-$!.map; rm -f /tmp/perf-$!.map
[0-9a-f]+ [0-9a-f]+ bpf_prog_[0-9a-f]{16}_xdp_count (re)

# and is not asked, where somebody has
$ ANYBPF_JIT_REPORT=perf anybpf run --jit-report none $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap > /dev/null & wait $!; ls /tmp/perf-$!.map 2>&1 | sed 's/[0-9]*\.map/N.map/'
ls: cannot access '/tmp/perf-N.map': No such file or directory

# a wish that nobody knows is told and fails nothing
$ ANYBPF_JIT_REPORT=moon anybpf run $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap 2>&1 | head -n 2
anybpf: ANYBPF_JIT_REPORT: no report of the compiler is called 'moon'
xdp_count \(xdp, .*\): .* (re)

# a file that cannot be written is told once, and the program runs
$ sh -c 'mkdir /tmp/perf-$$.map; echo $$ > pid; exec anybpf run --jit-report perf $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap' 2>&1 | head -n 2; rmdir /tmp/perf-$(cat pid).map
anybpf: machine code is not reported \(perf\): /tmp/perf-\d+\.map: .* (re)
xdp_count \(xdp, .*\): .* (re)
