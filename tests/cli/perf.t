?need perf
?need profiling

# names, and stacks through the program, by perf itself
$ export HOME=$WORK
> perf record -q -k mono -e cpu-clock -F 4000 --call-graph dwarf,1024 -o data sh -c 'echo $$ > pid; exec anybpf run --jit-report jitdump \
>     $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap --repeat 2000' > /dev/null 2>&1
> perf inject --jit -i data -o data.jit 2> /dev/null
> perf report --no-inline -i data.jit --stdio --no-children -g none 2> /dev/null | grep -o 'jitted-.*'
> perf script --no-inline -i data.jit -F ip,sym 2> /dev/null | grep -A 1 'bpf_prog_[0-9a-f]*_xdp_count' | grep -o 'jit_run$' | sort -u
> rm -f /tmp/jit-$(cat pid).dump /tmp/jitted-$(cat pid)-*.so
jitted-\d+-0\.so +\[\.\] bpf_prog_[0-9a-f]{16}_xdp_count (re)
jit_run

# lines of C in annotated code
$ export HOME=$WORK
> perf record -q -k mono -e cpu-clock -F 4000 -o data sh -c 'echo $$ > pid; exec anybpf run --jit-report jitdump \
>     $EXAMPLES/xdp_count.bpf.c --pcap $EXAMPLES/traffic.pcap --repeat 2000' > /dev/null 2>&1
> perf inject --jit -i data -o data.jit 2> /dev/null
> symbol=$(perf report -i data.jit --stdio 2> /dev/null | grep -o 'bpf_prog_[0-9a-f]*_xdp_count' | head -n 1)
> perf annotate -i data.jit --stdio -l -s $symbol 2> /dev/null | grep -c 'xdp_count\.bpf\.c:[0-9]' | sed 's/^[1-9][0-9]*$/many/'
> rm -f /tmp/jit-$(cat pid).dump /tmp/jitted-$(cat pid)-*.so
many
