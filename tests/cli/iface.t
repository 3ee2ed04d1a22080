?need network namespaces
?need ping
# live frames from a veth pair in namespaces of its own, ended by SIGINT
$ a=anybpf-t-$$; b=anybpf-u-$$; trap 'ip netns del $a; ip netns del $b' EXIT
> ip netns add $a && ip netns add $b && ip link add v0 netns $a type veth peer name v0 netns $b || exit 1
> for n in $a $b; do ip -n $n link set v0 up; done
> ip -n $a addr add 192.0.2.1/24 dev v0; ip -n $b addr add 192.0.2.2/24 dev v0
> for n in $a $b; do for i in $(seq 100); do ip -n $n link show v0 | grep -q 'state UP' && break; sleep 0.1; done; done
> ip netns exec $b anybpf run $EXAMPLES/xdp_count.bpf.c --iface v0 --json > live.json & pid=$!
> for i in $(seq 100); do ip netns exec $b grep -q ' 0003 ' /proc/net/packet && break; sleep 0.1; done
> ip netns exec $a ping -q -c 20 -i 0.01 192.0.2.2 > /dev/null; sleep 3
> kill -INT $(ip netns pids $b); wait $pid; echo status $?
> python3 -c '
> import json
> run = json.load(open("live.json"))
> icmp = next(e for m in run["maps"] if m["name"] == "protocols" for e in m["entries"] if e["key"] == "ICMP")
> print("icmp", sum(v["value"]["packets"] for v in icmp["values"]))'
status 0
icmp 20
