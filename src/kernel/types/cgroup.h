/* SPDX-License-Identifier: BSD-2-Clause */
/* Control groups: the tree of version 2, and its node in the file system. */
#ifndef ANYBPF_KERNEL_TYPES_CGROUP_H
#define ANYBPF_KERNEL_TYPES_CGROUP_H

#include "kernel/types/base.h"

struct cgroup;

enum {
	CSS_NO_REF = 1,
	CSS_ONLINE = 2,
	CSS_RELEASED = 4,
	CSS_VISIBLE = 8,
	CSS_DYING = 16,
};

/* How kernel functions walk the tree. */
enum bpf_cgroup_iter_order {
	BPF_CGROUP_ITER_ORDER_UNSPEC = 0,
	BPF_CGROUP_ITER_SELF_ONLY = 1,
	BPF_CGROUP_ITER_DESCENDANTS_PRE = 2,
	BPF_CGROUP_ITER_DESCENDANTS_POST = 3,
	BPF_CGROUP_ITER_ANCESTORS_UP = 4,
};

/* Which tasks of a group. */
enum css_task_iter_flags {
	CSS_TASK_ITER_PROCS = 1,
	CSS_TASK_ITER_THREADED = 2,
};

struct kernfs_node {
	atomic_t count;
	atomic_t active;
	struct kernfs_node *parent;
	const char *name;
	const void *ns;
	unsigned int hash;
	unsigned short flags;
	umode_t mode;
	u64 id; /* the directory's inode number */
	void *priv;
};

struct cgroup_subsys {
	int id;
	const char *name;
	const char *legacy_name;
	unsigned int depends_on;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys *ss; /* NULL: the group itself */
	int id;
	unsigned int flags; /* CSS_* */
	u64 serial_nr;	    /* of siblings, the later one has the larger */
	atomic_t online_cnt;
	struct cgroup_subsys_state *parent;
	int nr_descendants;
};

/* The groups of a task. */
struct css_set {
	struct cgroup_subsys_state *subsys[14];
	refcount_t refcount;
	struct css_set *dom_cset;
	struct cgroup *dfl_cgrp;
	int nr_tasks;
};

struct cgroup_root {
	unsigned int subsys_mask;
	int hierarchy_id; /* 0: version 2 */
	struct cgroup *host_top;
	unsigned int flags;
	char release_agent_path[4096];
	char name[64];
};

struct cgroup {
	struct cgroup_subsys_state self;
	unsigned long flags;
	int level; /* 0: the root */
	int max_depth;
	int nr_descendants;
	int nr_dying_descendants;
	int max_descendants;
	int nr_populated_csets;
	int nr_populated_domain_children;
	int nr_populated_threaded_children;
	int nr_threaded_children;
	struct kernfs_node *kn;
	u16 subtree_control;
	u16 subtree_ss_mask;
	struct cgroup_root *root;
	struct cgroup *dom_cgrp;
	struct cgroup *old_dom_cgrp;

	struct kernel_object host_object;
	struct kernfs_node host_kn;
	struct css_set host_set; /* of tasks in it */
	struct cgroup *host_first_child, *host_last_child, *host_next;
	u32 host_classid; /* of net_cls */
	void *host_bpf;	  /* what is attached to it, see hook/cgroup_attach.c; NULL: nothing yet */
	char *host_name;

	/* By level, the last is the group itself. */
	struct cgroup *ancestors[];
};

#endif
