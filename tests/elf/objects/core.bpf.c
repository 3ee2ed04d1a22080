// SPDX-License-Identifier: BSD-2-Clause
// CO-RE relocations of every shape of name.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
	int pid;
	struct {
		int x[4];
	} in;
} __attribute__((preserve_access_index));

struct own {
	int a;
};

// func fields xdp global type 6 attach 37
// reloc fields core <byte_off> struct task_struct (0:0)
// reloc fields core <byte_off> struct task_struct (0:1:0:2)
// reloc fields core <field_exists> struct task_struct (0:0)
SEC("xdp")
int fields(struct xdp_md *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int pid = 0, x = 0;

	bpf_probe_read_kernel(&pid, 4, &task->pid);
	bpf_probe_read_kernel(&x, 4, &task->in.x[2]);
	return pid + x + bpf_core_field_exists(task->pid);
}

// func local xdp global type 6 attach 37
// reloc local core <local_type_id> struct own (0)
SEC("xdp")
int local(struct xdp_md *ctx)
{
	return bpf_core_type_id_local(struct own) ? XDP_PASS : XDP_DROP;
}

// license GPL
char _license[] SEC("license") = "GPL";
