/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts of iterator programs, by what they iterate over, and the kernel's own
 * descriptions of programs, links and functions, which some of them look at.
 */
#ifndef ANYBPF_KERNEL_TYPES_ITER_H
#define ANYBPF_KERNEL_TYPES_ITER_H

#include "kernel/types/bpf.h"
#include "kernel/types/seq.h"

struct btf;

struct bpf_ksym {
	u64 start;
	u64 end;
	char name[512];
};

struct bpf_prog_stats {
	u64 cnt;
	u64 nsecs;
	u64 misses;
};

struct bpf_prog_aux {
	u32 id;
	u32 used_map_cnt;
	u32 used_btf_cnt;
	u32 max_ctx_offset;
	u32 stack_depth;
	u32 func_cnt;
	u32 func_info_cnt;
	u32 attach_btf_id;
	u32 verified_insns;
	char name[16];
	u64 load_time;
	const char *attach_func_name;
	struct bpf_prog *dst_prog;
	struct bpf_func_info *func_info;
	struct btf *btf;
	struct bpf_prog *prog;
};

struct bpf_prog {
	u16 pages;
	u16 jited : 1;
	u16 gpl_compatible : 1;
	u16 sleepable : 1;
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	u32 len;
	u32 jited_len;
	u8 tag[8];
	struct bpf_prog_aux *aux;
};

struct bpf_link {
	enum bpf_link_type type;
	u32 id;
	struct bpf_prog *prog;
};

struct kallsym_iter {
	s64 pos;
	u64 value;
	u32 nameoff;
	char type;
	char name[512];
	char module_name[56];
	int exported;
	int show_value;
};

#define ITER_CTX(type, name)                                                                       \
	union {                                                                                    \
		type name;                                                                         \
		u64 : 64;                                                                          \
	} __attribute__((aligned(8)))

struct bpf_iter__bpf_map {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct bpf_map *, map);
};

struct bpf_iter__bpf_map_elem {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct bpf_map *, map);
	ITER_CTX(void *, key);
	ITER_CTX(void *, value);
};

struct bpf_iter__bpf_prog {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct bpf_prog *, prog);
};

struct bpf_iter__bpf_link {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct bpf_link *, link);
};

struct bpf_iter__ksym {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct kallsym_iter *, ksym);
};

struct bpf_iter__task {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct task_struct *, task);
};

struct bpf_iter__task_file {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct task_struct *, task);
	u32 fd __attribute__((aligned(8)));
	ITER_CTX(struct file *, file);
};

struct bpf_iter__task_vma {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct task_struct *, task);
	ITER_CTX(struct vm_area_struct *, vma);
};

struct bpf_iter__cgroup {
	ITER_CTX(struct bpf_iter_meta *, meta);
	ITER_CTX(struct cgroup *, cgroup);
};

#endif
