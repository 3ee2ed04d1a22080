/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's control groups, for environment_init(): what struct environment says of them. */
#ifndef ANYBPF_OBJECT_ENVIRONMENT_CGROUP_H
#define ANYBPF_OBJECT_ENVIRONMENT_CGROUP_H

#include "object/environment.h"

int machine_cgroup(void *ctx, const char *path, struct env_cgroup *cgroup);
int machine_next_cgroup(void *ctx, const char *path, const char *after, char name[ENV_CGROUP_NAME]);
int machine_task_cgroup(void *ctx, u32 pid, char path[ENV_CGROUP_PATH]);

#endif
