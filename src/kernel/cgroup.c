/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of control groups. One lock guards its shape; each group that is in
 * it has a reference of the tree, and each group keeps its parent. A group is
 * known by its id: where a path leads to another one, the old group has gone.
 */
#include "kernel/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct cgroup_tree {
	struct host_part part;
	pthread_mutex_t lock;
	struct host *host;
	struct cgroup *top;
	u64 serial; /* of the group that was made last */
	struct cgroup_root root;
};

/* ---- life of a group ---- */

static void put_parent(struct cgroup *cgrp)
{
	if (cgrp->level)
		cgroup_put(cgrp->ancestors[cgrp->level - 1]);
}

static void free_group(struct kernel_object *kobj)
{
	struct cgroup *cgrp = cgroup_of(kobj);
	const struct mem *mem = kobj->obj.host->mem;

	put_parent(cgrp);
	mem_free(mem, cgrp->host_name);
	mem_free(mem, cgrp);
}

static const struct kernel_object_ops cgroup_ops = {
	.object = {.kind = OBJECT_CGROUP, .free = kernel_object_release},
	.free = free_group,
};

/* Fills in what other fields follow from. */
static void init_group(struct cgroup_tree *tree, struct cgroup *cgrp, struct cgroup *parent,
		       const struct env_cgroup *env)
{
	cgrp->level = parent ? parent->level + 1 : 0;
	for (int i = 0; i < cgrp->level; i++)
		cgrp->ancestors[i] = parent->ancestors[i];
	cgrp->ancestors[cgrp->level] = cgrp;
	cgrp->host_kn = (struct kernfs_node){
		.parent = parent ? parent->kn : NULL,
		.name = cgrp->host_name,
		.id = env->id,
		.mode = 0040755,
		.priv = cgrp,
	};
	cgrp->kn = &cgrp->host_kn;
	cgrp->self = (struct cgroup_subsys_state){
		.cgroup = cgrp,
		.parent = parent ? &parent->self : NULL,
		.flags = CSS_ONLINE | CSS_VISIBLE | (parent ? 0 : CSS_NO_REF),
		.serial_nr = ++tree->serial,
	};
	cgrp->max_depth = cgrp->max_descendants = INT32_MAX;
	cgrp->root = &tree->root;
	cgrp->dom_cgrp = cgrp->old_dom_cgrp = cgrp;
	cgrp->host_set.dfl_cgrp = cgrp;
	cgrp->host_set.dom_cset = &cgrp->host_set;
	cgrp->host_classid = env->classid;
}

static struct cgroup *new_group(struct cgroup_tree *tree, struct cgroup *parent, const char *name,
				const struct env_cgroup *env)
{
	const struct mem *mem = tree->host->mem;
	size_t levels = parent ? (size_t)parent->level + 2 : 1;
	struct cgroup *cgrp = mem_zalloc(mem, sizeof(*cgrp) + levels * sizeof(cgrp));

	if (!cgrp)
		return NULL;
	cgrp->host_name = mem_strdup(mem, name);
	if (!cgrp->host_name) {
		mem_free(mem, cgrp);
		return NULL;
	}
	kernel_object_init(&cgrp->host_object, &cgroup_ops, tree->host);
	init_group(tree, cgrp, parent, env);
	return cgrp;
}

/* ---- the tree's shape, under its lock ---- */

static void count_descendants(struct cgroup *cgrp, int n)
{
	for (int i = 0; i < cgrp->level; i++)
		cgrp->ancestors[i]->nr_descendants += n;
}

static struct cgroup *add_child(struct cgroup_tree *tree, struct cgroup *parent, const char *name,
				const struct env_cgroup *env)
{
	struct cgroup *cgrp = new_group(tree, parent, name, env);

	if (!cgrp)
		return NULL;
	kernel_object_get(&parent->host_object);
	if (parent->host_last_child)
		parent->host_last_child->host_next = cgrp;
	else
		parent->host_first_child = cgrp;
	parent->host_last_child = cgrp;
	count_descendants(cgrp, 1);
	return cgrp;
}

/* Takes the group and all below out of the tree. Readers go by it under the lock alone. */
static void drop_child(struct cgroup *parent, struct cgroup *cgrp)
{
	struct cgroup *before = NULL, **link = &parent->host_first_child;

	while (cgrp->host_first_child)
		drop_child(cgrp, cgrp->host_first_child);
	while (*link != cgrp) {
		before = *link;
		link = &before->host_next;
	}
	*link = cgrp->host_next;
	if (parent->host_last_child == cgrp)
		parent->host_last_child = before;
	count_descendants(cgrp, -1);
	__atomic_store_n(&cgrp->self.flags, CSS_DYING, __ATOMIC_RELAXED);
	cgroup_put(cgrp);
}

static int ask(const struct host *host, const char *path, struct env_cgroup *env)
{
	*env = (struct env_cgroup){.id = 1};
	if (host->env.cgroup)
		return host->env.cgroup(host->env.ctx, path, env);
	return strcmp(path, "/") ? -ENOENT : 0;
}

static struct cgroup *known_child(struct cgroup *parent, const char *name)
{
	struct cgroup *cgrp = parent->host_first_child;

	while (cgrp && strcmp(cgrp->host_name, name))
		cgrp = cgrp->host_next;
	return cgrp;
}

/* The child of that name, as the environment has it now: @path is its own. */
static int find_child(struct cgroup_tree *tree, struct cgroup *parent, const char *path,
		      const char *name, struct cgroup **child)
{
	struct cgroup *known = known_child(parent, name);
	struct env_cgroup env;
	int err = parent->level < CGROUP_MAX_LEVEL ? ask(tree->host, path, &env) : -ENOENT;

	if (known && (err || env.id != known->kn->id)) {
		drop_child(parent, known);
		known = NULL;
	}
	if (err)
		return err;
	if (!known)
		known = add_child(tree, parent, name, &env);
	*child = known;
	return known ? 0 : -ENOMEM;
}

/* Down along a path, name by name. */
static int walk(struct cgroup_tree *tree, const char *path, struct cgroup **out)
{
	char upto[ENV_CGROUP_PATH], name[ENV_CGROUP_NAME];
	struct cgroup *cgrp = tree->top;
	size_t end = 0, len;
	int err = 0;

	if (path[0] != '/' || strlen(path) >= sizeof(upto))
		return -EINVAL;
	while (!err && *(path += strspn(path, "/"))) {
		len = strcspn(path, "/");
		if (len <= 2 && !strncmp(path, "..", len))
			return -EINVAL;
		if (len >= sizeof(name))
			return -ENOENT;
		memcpy(name, path, len);
		name[len] = 0;
		end += (size_t)snprintf(upto + end, sizeof(upto) - end, "/%s", name);
		path += len;
		err = find_child(tree, cgrp, upto, name, &cgrp);
	}
	*out = cgrp;
	return err;
}

/* "/a/b", or "/" for the root; false where it is too long. */
static bool path_of(const struct cgroup *cgrp, char path[ENV_CGROUP_PATH])
{
	size_t at = 0;

	for (int i = 1; i <= cgrp->level; i++) {
		const char *name = cgrp->ancestors[i]->host_name;
		size_t len = strlen(name);

		if (at + len + 2 > ENV_CGROUP_PATH)
			return false;
		path[at++] = '/';
		memcpy(path + at, name, len);
		at += len;
	}
	strcpy(path + at, at ? "" : "/");
	return true;
}

/* Drops children that are not there any more. @path is the group's, with room behind @len. */
static void forget_children(struct cgroup_tree *tree, struct cgroup *cgrp, char *path, size_t len)
{
	struct cgroup *child, *next;
	struct env_cgroup env;

	for (child = cgrp->host_first_child; child; child = next) {
		next = child->host_next;
		snprintf(path + len, ENV_CGROUP_PATH - len, "%s%s", cgrp->level ? "/" : "",
			 child->host_name);
		if (ask(tree->host, path, &env) || env.id != child->kn->id)
			drop_child(cgrp, child);
	}
	path[len] = 0;
}

/* Brings all children of a group into the tree that the environment knows, and no others. */
static int learn_children(struct cgroup_tree *tree, struct cgroup *cgrp)
{
	const struct environment *env = &tree->host->env;
	char path[ENV_CGROUP_PATH], name[ENV_CGROUP_NAME] = "", next[ENV_CGROUP_NAME];
	struct cgroup *child;
	size_t len;
	int err = 0;

	/* Of one that has gone, another may have the path by now. */
	if (!env->next_cgroup || cgrp->self.flags & CSS_DYING || !path_of(cgrp, path))
		return 0;
	len = strlen(path);
	forget_children(tree, cgrp, path, len);
	while (err != -ENOMEM && !env->next_cgroup(env->ctx, path, name, next)) {
		memcpy(name, next, sizeof(name));
		if (len + strlen(name) + 2 > sizeof(path))
			continue;
		snprintf(path + len, sizeof(path) - len, "%s%s", cgrp->level ? "/" : "", name);
		err = find_child(tree, cgrp, path, name, &child);
		path[len] = 0;
	}
	return err == -ENOMEM ? err : 0;
}

/* ---- the part of the host ---- */

static void free_tree(struct host *host, struct host_part *part)
{
	struct cgroup_tree *tree = container_of(part, struct cgroup_tree, part);

	while (tree->top->host_first_child)
		drop_child(tree->top, tree->top->host_first_child);
	cgroup_put(tree->top);
	pthread_mutex_destroy(&tree->lock);
	mem_free(host->mem, tree);
}

static struct host_part *make_tree(struct host *host)
{
	struct cgroup_tree *tree = mem_zalloc(host->mem, sizeof(*tree));
	struct env_cgroup env;

	if (!tree)
		return NULL;
	tree->host = host;
	if (ask(host, "/", &env))
		env = (struct env_cgroup){.id = 1};
	tree->top = new_group(tree, NULL, "", &env);
	if (!tree->top) {
		mem_free(host->mem, tree);
		return NULL;
	}
	tree->root.host_top = tree->top;
	pthread_mutex_init(&tree->lock, NULL);
	tree->part.free = free_tree;
	return &tree->part;
}

static struct cgroup_tree *tree_of(struct host *host)
{
	struct host_part *part = host_part(host, HOST_PART_CGROUPS, make_tree);

	return part ? container_of(part, struct cgroup_tree, part) : NULL;
}

/* ---- finding ---- */

int cgroup_by_path(struct host *host, const char *path, struct cgroup **cgrp)
{
	struct cgroup_tree *tree = tree_of(host);
	int err;

	if (!tree)
		return -ENOMEM;
	pthread_mutex_lock(&tree->lock);
	err = walk(tree, path, cgrp);
	if (!err)
		kernel_object_get(&(*cgrp)->host_object);
	pthread_mutex_unlock(&tree->lock);
	return err;
}

int cgroup_open(struct host *host, const char *path)
{
	struct cgroup *cgrp;
	int err = cgroup_by_path(host, path, &cgrp);

	return err ? err : handle_open(&cgrp->host_object.obj);
}

int cgroup_by_handle(struct host *host, int handle, struct cgroup **cgrp)
{
	struct object *obj;

	if (handle_get_kind(host, handle, OBJECT_CGROUP, &obj))
		return -EBADF;
	*cgrp = cgroup_of(container_of(obj, struct kernel_object, obj));
	return 0;
}

struct cgroup *cgroup_of_task(struct host *host, u32 pid)
{
	const struct environment *env = &host->env;
	struct cgroup_tree *tree = tree_of(host);
	char path[ENV_CGROUP_PATH];
	struct cgroup *cgrp;

	if (!tree)
		return NULL;
	if (!env->task_cgroup || env->task_cgroup(env->ctx, pid, path))
		return tree->top;
	pthread_mutex_lock(&tree->lock);
	if (walk(tree, path, &cgrp))
		cgrp = tree->top;
	pthread_mutex_unlock(&tree->lock);
	return cgrp;
}

/* The next group in order of its parent's list after @pos, which may have left it meanwhile. */
static struct cgroup *next_sibling(struct cgroup *pos)
{
	struct cgroup *cgrp = pos->ancestors[pos->level - 1]->host_first_child;

	while (cgrp && cgrp->self.serial_nr <= pos->self.serial_nr)
		cgrp = cgrp->host_next;
	return cgrp;
}

static struct cgroup *first_child(struct cgroup_tree *tree, struct cgroup *cgrp)
{
	learn_children(tree, cgrp);
	return cgrp->host_first_child;
}

static struct cgroup *leftmost(struct cgroup_tree *tree, struct cgroup *cgrp)
{
	for (struct cgroup *child = cgrp; child; child = first_child(tree, cgrp))
		cgrp = child;
	return cgrp;
}

static struct cgroup *next_parents_first(struct cgroup_tree *tree, struct cgroup *pos,
					 struct cgroup *top)
{
	struct cgroup *next = first_child(tree, pos);

	while (!next && pos != top) {
		next = next_sibling(pos);
		pos = pos->ancestors[pos->level - 1];
	}
	return next;
}

static struct cgroup *next_parents_last(struct cgroup_tree *tree, struct cgroup *pos,
					struct cgroup *top)
{
	struct cgroup *next;

	if (pos == top)
		return NULL;
	next = next_sibling(pos);
	return next ? leftmost(tree, next) : pos->ancestors[pos->level - 1];
}

struct cgroup *cgroup_next_descendant(struct cgroup *pos, struct cgroup *top, bool parents_first)
{
	struct cgroup_tree *tree = tree_of(top->host_object.obj.host);
	struct cgroup *next;

	pthread_mutex_lock(&tree->lock);
	if (parents_first)
		next = pos ? next_parents_first(tree, pos, top) : top;
	else
		next = pos ? next_parents_last(tree, pos, top) : leftmost(tree, top);
	pthread_mutex_unlock(&tree->lock);
	return next;
}

int cgroup_by_id(struct host *host, u64 id, struct cgroup **out)
{
	struct cgroup_tree *tree = tree_of(host);
	struct cgroup *cgrp;

	if (!tree)
		return -ENOMEM;
	pthread_mutex_lock(&tree->lock);
	cgrp = tree->top;
	while (cgrp && cgrp->kn->id != id)
		cgrp = next_parents_first(tree, cgrp, tree->top);
	if (cgrp)
		kernel_object_get(&cgrp->host_object);
	pthread_mutex_unlock(&tree->lock);
	*out = cgrp;
	return cgrp ? 0 : -ENOENT;
}
