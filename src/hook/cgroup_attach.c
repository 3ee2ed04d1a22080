/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of programs per group and attach type; see cgroup_attach.h. */
#include "hook/cgroup_attach.h"

#include <errno.h>

#include "map/cgroup_storage.h"

#define MODES (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI)

/* A program that is attached. Never changed, but for what follows it: another one replaces it. */
struct group_prog {
	_Atomic(struct group_prog *) next;
	struct prog *prog;	 /* a reference */
	const struct link *link; /* which it is attached by, or NULL */
	struct cgroup_storage *storages[2];
};

struct group_list {
	_Atomic(struct group_prog *) first;
	_Atomic u32 flags; /* MODES, of all its programs */
};

/* A group that has ever had a program, in .host_bpf of it. */
struct group_bpf {
	struct cgroup *cgrp; /* a reference */
	struct group_bpf *next;
	struct group_list lists[__MAX_BPF_ATTACH_TYPE];
};

struct group_part {
	struct host_part part;
	pthread_mutex_t lock; /* of all lists */
	struct group_bpf *groups;
};

/* ---- which programs ---- */

#define OF(attach, prog) [BPF_CGROUP_##attach] = BPF_PROG_TYPE_##prog

static const u8 prog_types[__MAX_BPF_ATTACH_TYPE] = {
	OF(INET_INGRESS, CGROUP_SKB),
	OF(INET_EGRESS, CGROUP_SKB),
	OF(INET_SOCK_CREATE, CGROUP_SOCK),
	OF(INET_SOCK_RELEASE, CGROUP_SOCK),
	OF(INET4_POST_BIND, CGROUP_SOCK),
	OF(INET6_POST_BIND, CGROUP_SOCK),
	OF(SOCK_OPS, SOCK_OPS),
	OF(DEVICE, CGROUP_DEVICE),
	OF(SYSCTL, CGROUP_SYSCTL),
	OF(GETSOCKOPT, CGROUP_SOCKOPT),
	OF(SETSOCKOPT, CGROUP_SOCKOPT),
	OF(INET4_BIND, CGROUP_SOCK_ADDR),
	OF(INET6_BIND, CGROUP_SOCK_ADDR),
	OF(INET4_CONNECT, CGROUP_SOCK_ADDR),
	OF(INET6_CONNECT, CGROUP_SOCK_ADDR),
	OF(UNIX_CONNECT, CGROUP_SOCK_ADDR),
	OF(INET4_GETPEERNAME, CGROUP_SOCK_ADDR),
	OF(INET6_GETPEERNAME, CGROUP_SOCK_ADDR),
	OF(UNIX_GETPEERNAME, CGROUP_SOCK_ADDR),
	OF(INET4_GETSOCKNAME, CGROUP_SOCK_ADDR),
	OF(INET6_GETSOCKNAME, CGROUP_SOCK_ADDR),
	OF(UNIX_GETSOCKNAME, CGROUP_SOCK_ADDR),
	OF(UDP4_SENDMSG, CGROUP_SOCK_ADDR),
	OF(UDP6_SENDMSG, CGROUP_SOCK_ADDR),
	OF(UNIX_SENDMSG, CGROUP_SOCK_ADDR),
	OF(UDP4_RECVMSG, CGROUP_SOCK_ADDR),
	OF(UDP6_RECVMSG, CGROUP_SOCK_ADDR),
	OF(UNIX_RECVMSG, CGROUP_SOCK_ADDR),
};

enum bpf_prog_type group_prog_type(u32 attach_type)
{
	return attach_type < ARRAY_SIZE(prog_types) ? (enum bpf_prog_type)prog_types[attach_type]
						    : BPF_PROG_TYPE_UNSPEC;
}

static bool prog_fits(const struct prog *prog, u32 attach_type)
{
	if (!prog->runnable || prog->type != group_prog_type(attach_type))
		return false;
	switch (prog->type) {
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
		return prog->expected_attach_type == attach_type;
	default:
		return true;
	}
}

/* ---- entries ---- */

static void free_entry(struct host *host, struct group_prog *p)
{
	/* Storages are the maps', which keep them for the next program of the group. */
	object_put(&p->prog->obj);
	mem_free(host->mem, p);
}

/* With values of the group in the program's maps; those that are made stay there. */
static int new_entry(const struct cgroup *cgrp, struct prog *prog, u32 attach_type,
		     const struct link *link, struct group_prog **out)
{
	struct group_prog *p = mem_zalloc(prog->obj.host->mem, sizeof(*p));

	if (!p)
		return -ENOMEM;
	object_get(&prog->obj);
	p->prog = prog;
	p->link = link;
	for (u32 i = 0; i < prog->map_cnt; i++) {
		struct map *map = prog->maps[i];
		struct cgroup_storage **at;

		if (!map_is_cgroup_storage(map->desc.type))
			continue;
		at = &p->storages[cgroup_storage_kind(map->desc.type)];
		*at = cgroup_storage_of(map, cgroup_id(cgrp), attach_type);
		if (!*at) {
			free_entry(prog->obj.host, p);
			return -ENOMEM;
		}
	}
	*out = p;
	return 0;
}

static struct group_prog *next_of(_Atomic(struct group_prog *) *link)
{
	return atomic_load_explicit(link, memory_order_acquire);
}

/* Takes out what @link leads to and puts @new (or nothing) in its place. */
static struct group_prog *exchange(_Atomic(struct group_prog *) *link, struct group_prog *new)
{
	struct group_prog *old = next_of(link);

	if (new)
		atomic_store_explicit(&new->next, old ? next_of(&old->next) : NULL,
				      memory_order_relaxed);
	else
		new = old ? next_of(&old->next) : NULL;
	atomic_store_explicit(link, new, memory_order_release);
	return old;
}

/* What has been taken out goes when nobody runs it any more. */
static void drop_entry(struct host *host, struct group_prog *old)
{
	if (!old)
		return;
	host_synchronize(host);
	free_entry(host, old);
}

/* ---- the part of the host ---- */

/* The group's values in the program's maps go with the group. */
static void forget_values(const struct cgroup *cgrp, const struct prog *prog)
{
	for (u32 i = 0; i < prog->map_cnt; i++)
		if (map_is_cgroup_storage(prog->maps[i]->desc.type))
			cgroup_storage_forget(prog->maps[i], cgroup_id(cgrp));
}

static void free_group(struct host *host, struct group_bpf *bpf)
{
	struct group_prog *p;

	for (u32 i = 0; i < ARRAY_SIZE(bpf->lists); i++) {
		while ((p = exchange(&bpf->lists[i].first, NULL))) {
			forget_values(bpf->cgrp, p->prog);
			free_entry(host, p);
		}
	}
	cgroup_put(bpf->cgrp);
	mem_free(host->mem, bpf);
}

static void free_part(struct host *host, struct host_part *part)
{
	struct group_part *groups = container_of(part, struct group_part, part);

	while (groups->groups) {
		struct group_bpf *bpf = groups->groups;

		groups->groups = bpf->next;
		free_group(host, bpf);
	}
	pthread_mutex_destroy(&groups->lock);
	mem_free(host->mem, groups);
}

static struct host_part *make_part(struct host *host)
{
	struct group_part *groups = mem_zalloc(host->mem, sizeof(*groups));

	if (!groups)
		return NULL;
	groups->part.free = free_part;
	pthread_mutex_init(&groups->lock, NULL);
	return &groups->part;
}

static struct host *host_of(const struct cgroup *cgrp)
{
	return cgrp->host_object.obj.host;
}

/* The host's part with its lock held; NULL without memory. */
static struct group_part *lock_groups(struct host *host)
{
	struct host_part *part = host_part(host, HOST_PART_GROUP_PROGS, make_part);
	struct group_part *groups = part ? container_of(part, struct group_part, part) : NULL;

	if (groups)
		pthread_mutex_lock(&groups->lock);
	return groups;
}

static struct group_bpf *bpf_of(const struct cgroup *cgrp)
{
	return __atomic_load_n((struct group_bpf *const *)&cgrp->host_bpf, __ATOMIC_ACQUIRE);
}

static struct group_bpf *make_bpf(struct group_part *groups, struct cgroup *cgrp)
{
	struct group_bpf *bpf = bpf_of(cgrp);

	if (bpf)
		return bpf;
	bpf = mem_zalloc(host_of(cgrp)->mem, sizeof(*bpf));
	if (!bpf)
		return NULL;
	kernel_object_get(&cgrp->host_object);
	bpf->cgrp = cgrp;
	bpf->next = groups->groups;
	groups->groups = bpf;
	__atomic_store_n(&cgrp->host_bpf, bpf, __ATOMIC_RELEASE);
	return bpf;
}

/* Ends the attachments of groups that have gone. Links of them stay, without effect. */
static void reap(struct group_part *groups, struct host *host)
{
	struct group_bpf **at = &groups->groups, *bpf, *gone = NULL;

	while ((bpf = *at)) {
		if (!(__atomic_load_n(&bpf->cgrp->self.flags, __ATOMIC_RELAXED) & CSS_DYING)) {
			at = &bpf->next;
			continue;
		}
		*at = bpf->next;
		__atomic_store_n(&bpf->cgrp->host_bpf, NULL, __ATOMIC_RELEASE);
		bpf->next = gone;
		gone = bpf;
	}
	if (gone)
		host_synchronize(host);
	while (gone) {
		bpf = gone;
		gone = bpf->next;
		free_group(host, bpf);
	}
}

/* ---- rules ---- */

static u32 length(struct group_list *list)
{
	u32 n = 0;

	for (struct group_prog *p = next_of(&list->first); p; p = next_of(&p->next))
		n++;
	return n;
}

/* Whether the groups above let one below have programs of its own. */
static bool above_allows(const struct cgroup *cgrp, u32 attach_type)
{
	for (int level = cgrp->level - 1; level >= 0; level--) {
		struct group_bpf *bpf = bpf_of(cgrp->ancestors[level]);
		struct group_list *list = bpf ? &bpf->lists[attach_type] : NULL;

		if (!list)
			continue;
		if (list->flags & BPF_F_ALLOW_MULTI)
			return true;
		if (length(list))
			return list->flags & BPF_F_ALLOW_OVERRIDE;
	}
	return true;
}

/* Where the new entry goes: in place of another, or at the end. */
static int find_place(struct group_list *list, const struct prog *prog, const struct link *link,
		      const struct prog *replace, _Atomic(struct group_prog *) **place)
{
	_Atomic(struct group_prog *) *at = &list->first, *found = NULL;
	struct group_prog *p;

	*place = at;
	if (!(list->flags & BPF_F_ALLOW_MULTI))
		return 0;
	for (; (p = next_of(at)); at = &p->next) {
		/* The same program but once, links as often as one likes. */
		if (!link && !p->link && p->prog == prog && prog != replace)
			return -EINVAL;
		if (replace && !found && !p->link && p->prog == replace)
			found = at;
	}
	if (replace && !found)
		return -ENOENT;
	*place = found ? found : at;
	return 0;
}

static int check_flags(u32 flags, const struct link *link, const struct prog *replace)
{
	if ((flags & MODES) == MODES || (link && replace) ||
	    (flags & BPF_F_REPLACE && !(flags & BPF_F_ALLOW_MULTI)) ||
	    !replace != !(flags & BPF_F_REPLACE))
		return -EINVAL;
	return 0;
}

static int attach_locked(struct group_list *list, struct cgroup *cgrp, struct prog *prog,
			 u32 attach_type, u32 flags, const struct link *link,
			 const struct prog *replace, struct group_prog **old)
{
	_Atomic(struct group_prog *) *place;
	struct group_prog *p;
	u32 was = list->flags;
	int err;

	if (!above_allows(cgrp, attach_type) || (length(list) && was != (flags & MODES)))
		return -EPERM;
	if (length(list) >= GROUP_MAX_PROGS)
		return -E2BIG;
	list->flags = flags & MODES;
	err = find_place(list, prog, link, replace, &place);
	if (!err)
		err = new_entry(cgrp, prog, attach_type, link, &p);
	if (err)
		list->flags = was;
	else
		*old = exchange(place, p);
	return err;
}

static int attach(struct cgroup *cgrp, struct prog *prog, u32 attach_type, u32 flags,
		  const struct link *link, const struct prog *replace)
{
	struct host *host = host_of(cgrp);
	struct group_prog *old = NULL;
	struct group_part *groups;
	struct group_bpf *bpf;
	int err;

	if (!prog_fits(prog, attach_type))
		return -EINVAL;
	err = check_flags(flags, link, replace);
	if (err)
		return err;
	groups = lock_groups(host);
	if (!groups)
		return -ENOMEM;
	reap(groups, host);
	bpf = make_bpf(groups, cgrp);
	err = bpf ? attach_locked(&bpf->lists[attach_type], cgrp, prog, attach_type, flags, link,
				  replace, &old)
		  : -ENOMEM;
	pthread_mutex_unlock(&groups->lock);
	drop_entry(host, old);
	return err;
}

int group_attach(struct cgroup *cgrp, struct prog *prog, u32 attach_type, u32 flags,
		 const struct prog *replace)
{
	return attach(cgrp, prog, attach_type, flags, NULL, replace);
}

static int find_attached(struct group_list *list, const struct prog *prog, const struct link *link,
			 _Atomic(struct group_prog *) **at)
{
	struct group_prog *p;

	*at = &list->first;
	if (!(list->flags & BPF_F_ALLOW_MULTI) && !link)
		return (p = next_of(*at)) && !p->link ? 0 : -ENOENT;
	if (!prog && !link)
		return -EINVAL;
	for (; (p = next_of(*at)); *at = &p->next)
		if (p->link == link && (link || p->prog == prog))
			return 0;
	return -ENOENT;
}

static int detach(struct cgroup *cgrp, const struct prog *prog, u32 attach_type,
		  const struct link *link)
{
	struct host *host = host_of(cgrp);
	struct group_part *groups = lock_groups(host);
	_Atomic(struct group_prog *) *at;
	struct group_prog *old = NULL;
	struct group_bpf *bpf;
	int err;

	if (!groups)
		return -ENOMEM;
	bpf = bpf_of(cgrp);
	err = bpf ? find_attached(&bpf->lists[attach_type], prog, link, &at) : -ENOENT;
	if (!err)
		old = exchange(at, NULL);
	if (!err && !length(&bpf->lists[attach_type]))
		bpf->lists[attach_type].flags = 0;
	reap(groups, host);
	pthread_mutex_unlock(&groups->lock);
	drop_entry(host, old);
	return err;
}

int group_detach(struct cgroup *cgrp, const struct prog *prog, u32 attach_type)
{
	return detach(cgrp, prog, attach_type, NULL);
}

/* ---- those that count ---- */

/* The list of the group at @level that runs, if those below have @some; NULL: none does. */
static struct group_list *list_at(const struct cgroup *cgrp, int level, u32 attach_type, bool some)
{
	struct group_bpf *bpf = bpf_of(cgrp->ancestors[level]);
	struct group_list *list = bpf ? &bpf->lists[attach_type] : NULL;

	if (!list || (some && !(list->flags & BPF_F_ALLOW_MULTI)))
		return NULL;
	return list;
}

static u32 list_ids(struct group_list *list, u32 *ids, u32 room, u32 n)
{
	for (struct group_prog *p = next_of(&list->first); p; p = next_of(&p->next), n++)
		if (n < room)
			ids[n] = p->prog->obj.id;
	return n;
}

u32 group_query(struct cgroup *cgrp, u32 attach_type, bool effective, u32 *ids, u32 room,
		u32 *flags)
{
	struct group_part *groups = lock_groups(host_of(cgrp));
	struct group_list *list;
	u32 n = 0;

	*flags = 0;
	if (!groups)
		return 0;
	for (int level = cgrp->level; level >= 0; level--) {
		list = list_at(cgrp, level, attach_type, n);
		if (list)
			n = list_ids(list, ids, room, n);
		if (effective)
			continue;
		*flags = list ? list->flags : 0;
		break;
	}
	pthread_mutex_unlock(&groups->lock);
	return n;
}

/* One program's turn: its lowest bit says whether the call goes on. */
static void run_entry(struct run *run, const struct group_prog *p, void *ctx, u32 *flags)
{
	u32 ret;

	run->storages = p->storages;
	ret = (u32)prog_run_in(run, p->prog, ctx);
	if (flags) {
		*flags |= ret >> 1;
		ret &= 1;
	}
	if (!ret && *run->retval >= 0)
		*run->retval = -EPERM;
}

s32 group_run(struct run *run, struct cgroup *cgrp, u32 attach_type, void *ctx, u32 *flags)
{
	bool some = false;

	if (flags)
		*flags = 0;
	for (int level = cgrp->level; level >= 0; level--) {
		struct group_list *list = list_at(cgrp, level, attach_type, some);

		for (struct group_prog *p = list ? next_of(&list->first) : NULL; p;
		     p = next_of(&p->next)) {
			run_entry(run, p, ctx, flags);
			some = true;
		}
	}
	return *run->retval;
}

/* ---- links ---- */

struct group_link_object {
	struct link link;
	struct cgroup *cgrp; /* a reference; NULL once it is detached */
	u32 attach_type;
	pthread_mutex_t lock;
};

static struct group_link_object *group_link_of(struct link *link)
{
	return container_of(link, struct group_link_object, link);
}

static int link_detach(struct link *link)
{
	struct group_link_object *l = group_link_of(link);
	struct cgroup *cgrp;

	pthread_mutex_lock(&l->lock);
	cgrp = l->cgrp;
	l->cgrp = NULL;
	pthread_mutex_unlock(&l->lock);
	if (cgrp) {
		detach(cgrp, NULL, l->attach_type, link);
		cgroup_put(cgrp);
	}
	return 0;
}

static void link_free(struct link *link)
{
	struct group_link_object *l = group_link_of(link);

	link_detach(link);
	pthread_mutex_destroy(&l->lock);
	mem_free(link->obj.host->mem, l);
}

static int link_info(const struct link *link, struct bpf_link_info *info)
{
	const struct group_link_object *l =
		container_of((struct link *)(uintptr_t)link, struct group_link_object, link);

	info->cgroup.cgroup_id = l->cgrp ? cgroup_id(l->cgrp) : 0;
	info->cgroup.attach_type = l->attach_type;
	return 0;
}

static const struct link_ops group_link_ops = {
	.free = link_free,
	.detach = link_detach,
	.fill_info = link_info,
};

int group_link(struct host *host, struct prog *prog, const struct link_request *request,
	       struct link **link)
{
	const union bpf_attr *attr = request->create;
	struct group_link_object *l;
	struct cgroup *cgrp;
	int err;

	if (!attr || attr->link_create.flags || !prog_fits(prog, attr->link_create.attach_type))
		return -EINVAL;
	err = cgroup_by_handle(host, (int)attr->link_create.target_fd, &cgrp);
	if (err)
		return err;
	l = mem_zalloc(host->mem, sizeof(*l));
	if (!l) {
		cgroup_put(cgrp);
		return -ENOMEM;
	}
	link_init(&l->link, BPF_LINK_TYPE_CGROUP, &group_link_ops, host, prog);
	pthread_mutex_init(&l->lock, NULL);
	l->attach_type = attr->link_create.attach_type;
	err = attach(cgrp, prog, l->attach_type, BPF_F_ALLOW_MULTI, &l->link, NULL);
	if (err) {
		cgroup_put(cgrp);
		object_put(&l->link.obj);
		return err;
	}
	l->cgrp = cgrp;
	*link = &l->link;
	return 0;
}
