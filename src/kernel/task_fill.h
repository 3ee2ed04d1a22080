/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside kernel/: from what the environment tells of a task to the structures of one. */
#ifndef ANYBPF_KERNEL_TASK_FILL_H
#define ANYBPF_KERNEL_TASK_FILL_H

#include "kernel/task.h"
#include "object/environment.h"

/* A task that nothing is above yet, one reference; NULL without memory. */
struct task_struct *task_make(struct host *host, const struct env_task *spec);
/* Takes over the reference to @up, the leader of its group or its parent. */
void task_link(struct task_struct *task, struct task_struct *up);
/* What may have changed since it was made. */
void task_refresh(struct task_struct *task, const struct env_task *now);

#endif
