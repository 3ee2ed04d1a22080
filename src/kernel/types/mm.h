/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces. */
#ifndef ANYBPF_KERNEL_TYPES_MM_H
#define ANYBPF_KERNEL_TYPES_MM_H

#include "kernel/types/base.h"

struct file;
struct task_struct;

struct mm_struct {
	unsigned long task_size;
	atomic_t mm_users;
	atomic_t mm_count;
	int map_count;
	unsigned long hiwater_rss;
	unsigned long hiwater_vm;
	unsigned long total_vm; /* pages */
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	unsigned long flags;
	struct task_struct __rcu *owner;
	struct file __rcu *exe_file;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct mm_struct *vm_mm;
	vm_flags_t vm_flags;
	unsigned long vm_pgoff; /* pages */
	struct file *vm_file;
};

#endif
