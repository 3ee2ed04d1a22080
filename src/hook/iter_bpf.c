/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterating over the host's maps, programs and links, by their ids. Of programs
 * and links, programs see descriptions that live as long as the iterator.
 */
#include <string.h>

#include "hook/attach.h"
#include "hook/iter.h"
#include "map/map.h"

/* First in the state of all three. */
struct walk {
	u32 id;
	struct object *obj; /* where it is: a reference */
};

/* The next object of the kind, NULL at the end. */
static struct object *walk_on(struct iter *iter, enum object_kind kind)
{
	struct walk *walk = iter_state(iter);
	struct host *host = iter->stream.obj.host;

	object_put(walk->obj);
	walk->obj = NULL;
	while (!walk->obj && (walk->id = object_next_id(host, kind, walk->id)))
		walk->obj = object_by_id(host, kind, walk->id);
	return walk->obj;
}

static void walk_close(struct iter *iter)
{
	struct walk *walk = iter_state(iter);

	object_put(walk->obj);
}

/* ---- maps ---- */

/* A program's struct bpf_map is the beginning of the map itself. */
#define SAME(field, desc_field)                                                                    \
	_Static_assert(offsetof(struct bpf_map, field) == offsetof(struct map, desc.desc_field),   \
		       #field)
SAME(map_type, type);
SAME(id, id);
SAME(key_size, key_size);
SAME(value_size, value_size);
SAME(max_entries, max_entries);
SAME(map_flags, map_flags);
SAME(map_extra, map_extra);
SAME(name, name);

static int next_map(struct iter *iter, u64 *args)
{
	struct object *obj = walk_on(iter, OBJECT_MAP);

	args[0] = obj ? ptr_to_u64(map_of(obj)) : 0;
	return obj != NULL;
}

const struct iter_source iter_source_bpf_map = {
	.name = "bpf_map",
	.nargs = 1,
	.state_size = sizeof(struct walk),
	.next = next_map,
	.close = walk_close,
};

/* ---- programs ---- */

struct prog_walk {
	struct walk walk;
	struct bpf_prog prog;
	struct bpf_prog_aux aux;
};

static void describe_prog(struct bpf_prog *to, struct bpf_prog_aux *aux, const struct prog *prog)
{
	*to = (struct bpf_prog){
		.jited = prog->jit != NULL,
		.gpl_compatible = prog->gpl_compatible,
		.sleepable = prog->sleepable,
		.type = prog->type,
		.expected_attach_type = prog->expected_attach_type,
		.len = prog->insn_cnt,
		.aux = aux,
	};
	memcpy(to->tag, prog->tag, sizeof(to->tag));
	*aux = (struct bpf_prog_aux){
		.id = prog->obj.id,
		.used_map_cnt = prog->map_cnt,
		.used_btf_cnt = (u32)prog->btfs.len,
		.max_ctx_offset = prog->max_ctx_offset,
		.stack_depth = prog->subprogs->stack_depth,
		.func_cnt = prog->subprog_cnt > 1 ? prog->subprog_cnt : 0,
		.func_info_cnt = prog->func_info_cnt,
		.attach_btf_id = prog->attach_btf_id,
		.verified_insns = prog->verified_insns,
		.load_time = prog->load_time,
		.attach_func_name = prog_attach_name(prog),
		.func_info = prog->func_info,
		.prog = to,
	};
	memcpy(aux->name, prog->name, sizeof(aux->name));
}

static int next_prog(struct iter *iter, u64 *args)
{
	struct prog_walk *walk = iter_state(iter);
	struct object *obj = walk_on(iter, OBJECT_PROG);

	if (!obj)
		return 0;
	describe_prog(&walk->prog, &walk->aux, prog_of(obj));
	args[0] = ptr_to_u64(&walk->prog);
	return 1;
}

const struct iter_source iter_source_bpf_prog = {
	.name = "bpf_prog",
	.nargs = 1,
	.state_size = sizeof(struct prog_walk),
	.next = next_prog,
	.close = walk_close,
};

/* ---- links ---- */

struct link_walk {
	struct walk walk;
	struct prog *held; /* the program that the link had, a reference, or NULL */
	struct bpf_link link;
	struct bpf_prog prog;
	struct bpf_prog_aux aux;
};

static void let_go(struct link_walk *walk)
{
	if (walk->held)
		object_put(&walk->held->obj);
	walk->held = NULL;
}

static void close_links(struct iter *iter)
{
	let_go(iter_state(iter));
	walk_close(iter);
}

static int next_link(struct iter *iter, u64 *args)
{
	struct link_walk *walk = iter_state(iter);
	struct object *obj = walk_on(iter, OBJECT_LINK);
	struct link *link;

	let_go(walk);
	if (!obj)
		return 0;
	link = link_of(obj);
	walk->held = link_get_prog(link);
	walk->link = (struct bpf_link){.type = link->type, .id = obj->id};
	if (walk->held) {
		describe_prog(&walk->prog, &walk->aux, walk->held);
		walk->link.prog = &walk->prog;
	}
	args[0] = ptr_to_u64(&walk->link);
	return 1;
}

const struct iter_source iter_source_bpf_link = {
	.name = "bpf_link",
	.nargs = 1,
	.state_size = sizeof(struct link_walk),
	.next = next_link,
	.close = close_links,
};
