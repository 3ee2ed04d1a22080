// SPDX-License-Identifier: BSD-2-Clause
// What an object wants from the kernel: functions, variables, configuration.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int bpf_strong_kfunc(int x) __ksym;
extern int bpf_weak_kfunc(int x) __ksym __weak;
extern const void strong_symbol __ksym;
extern const int weak_symbol __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;

// func strong_call xdp global type 6 attach 37
// reloc strong_call extern_call bpf_strong_kfunc
SEC("xdp")
int strong_call(struct xdp_md *ctx)
{
	return bpf_strong_kfunc(1);
}

// func weak_call xdp global type 6 attach 37
// reloc weak_call extern bpf_weak_kfunc weak
// reloc weak_call extern_call bpf_weak_kfunc weak
SEC("xdp")
int weak_call(struct xdp_md *ctx)
{
	return bpf_weak_kfunc ? bpf_weak_kfunc(2) : XDP_PASS;
}

// func weak_unchecked xdp global type 6 attach 37
// reloc weak_unchecked extern_call bpf_weak_kfunc weak
SEC("xdp")
int weak_unchecked(struct xdp_md *ctx)
{
	return bpf_weak_kfunc(3);
}

// func strong_variable xdp global type 6 attach 37
// reloc strong_variable extern strong_symbol
SEC("xdp")
int strong_variable(struct xdp_md *ctx)
{
	return (int)(long)&strong_symbol;
}

// func weak_variable xdp global type 6 attach 37
// reloc weak_variable extern weak_symbol weak
SEC("xdp")
int weak_variable(struct xdp_md *ctx)
{
	return &weak_symbol ? XDP_DROP : XDP_TX;
}

// func config xdp global type 6 attach 37
// reloc config extern LINUX_KERNEL_VERSION
SEC("xdp")
int config(struct xdp_md *ctx)
{
	return LINUX_KERNEL_VERSION > 0;
}

// license GPL
char _license[] SEC("license") = "GPL";
