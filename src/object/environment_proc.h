/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks of the real machine, as /proc tells them: see struct environment. */
#ifndef ANYBPF_OBJECT_ENVIRONMENT_PROC_H
#define ANYBPF_OBJECT_ENVIRONMENT_PROC_H

#include "object/environment.h"

/* 0 where it cannot be told. */
u64 proc_start_time(u32 pid);
int proc_task(void *ctx, u32 pid, struct env_task *task);
u32 proc_next_task(void *ctx, u32 tgid, u32 after);
int proc_task_file(void *ctx, u32 pid, s32 fd, struct env_file *file);
int proc_task_vma(void *ctx, u32 pid, u64 addr, struct env_vma *vma);

#endif
