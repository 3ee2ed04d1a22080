/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps, loads and test runs through bpf(), whichever engine answers. */
#include "sound/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "btf/btf.h"
#include "hook/hook.h"
#include "object/btf_object.h"

#define ETH_HEADER 14u

static int world_bpf(struct world *w, enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(w->engine, cmd, attr, sizeof(*attr));
}

static int make_map(struct world *w, enum gen_map map)
{
	const struct gen_map_def *def = &gen_maps[map];
	union bpf_attr attr = {0};

	attr.map_type = def->type;
	attr.key_size = def->key_size;
	attr.value_size = def->value_size;
	attr.max_entries = def->max_entries;
	attr.map_flags = def->flags;
	return world_bpf(w, BPF_MAP_CREATE, &attr);
}

static int element(struct world *w, enum bpf_cmd cmd, enum gen_map map, u64 key, void *value)
{
	union bpf_attr attr = {0};

	attr.map_fd = (u32)w->fds[map];
	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(value);
	return world_bpf(w, cmd, &attr);
}

static int freeze_rodata(struct world *w)
{
	u8 value[] = GEN_RODATA_TEXT;
	union bpf_attr attr = {0};
	int err = element(w, BPF_MAP_UPDATE_ELEM, GEN_RODATA, 0, value);

	attr.map_fd = (u32)w->fds[GEN_RODATA];
	return err ? err : world_bpf(w, BPF_MAP_FREEZE, &attr);
}

/* ---- types of the subprograms ---- */

#define INFO(kind, linkage_or_args) ((u32)(kind) << 24 | (linkage_or_args))

enum {
	TYPE_INT = 1,
	TYPE_LOCAL_PROTO,
	TYPE_LOCAL,
	TYPE_GLOBAL_PROTO,
	TYPE_GLOBAL,
	TYPE_MEMORY,
	TYPE_POINTER,
	TYPE_MEMORY_PROTO,
	TYPE_GLOBAL_MEMORY,
};

static const struct {
	struct btf_header header;
	u32 types[47];
	char strings[20];
} btf = {
	.header = {.magic = BTF_MAGIC,
		   .version = BTF_VERSION,
		   .hdr_len = sizeof(struct btf_header),
		   .type_len = sizeof(btf.types),
		   .str_off = sizeof(btf.types),
		   .str_len = 17},
	.types =
		{
			1,
			INFO(BTF_KIND_INT, 0),
			4,
			BTF_INT_SIGNED << 24 | 32,
			0,
			INFO(BTF_KIND_FUNC_PROTO, 0),
			TYPE_INT,
			5,
			INFO(BTF_KIND_FUNC, BTF_FUNC_STATIC),
			TYPE_LOCAL_PROTO,
			0,
			INFO(BTF_KIND_FUNC_PROTO, 5),
			TYPE_INT,
			15,
			TYPE_INT,
			15,
			TYPE_INT,
			15,
			TYPE_INT,
			15,
			TYPE_INT,
			15,
			TYPE_INT,
			9,
			INFO(BTF_KIND_FUNC, BTF_FUNC_GLOBAL),
			TYPE_GLOBAL_PROTO,
			0,
			INFO(BTF_KIND_STRUCT, 1),
			GEN_MEMORY,
			15,
			TYPE_INT,
			0,
			0,
			INFO(BTF_KIND_PTR, 0),
			TYPE_MEMORY,
			0,
			INFO(BTF_KIND_FUNC_PROTO, 3),
			TYPE_INT,
			15,
			TYPE_POINTER,
			15,
			TYPE_INT,
			15,
			TYPE_INT,
			9,
			INFO(BTF_KIND_FUNC, BTF_FUNC_GLOBAL),
			TYPE_MEMORY_PROTO,
		},
	.strings = "\0int\0sub\0world\0a",
};

static int load_btf(struct world *w)
{
	union bpf_attr attr = {0};

	attr.btf = ptr_to_u64(&btf);
	attr.btf_size = sizeof(btf.header) + sizeof(btf.types) + 17;
	return world_bpf(w, BPF_BTF_LOAD, &attr);
}

static bool refers_to_subprog(const struct bpf_insn *insn)
{
	return isa_is_local_call(insn) || isa_is_func_ref(insn);
}

/* Of what the call at @insn calls. */
static u32 type_of_callee(const struct gen *g, u32 insn)
{
	for (u32 i = 0; i < g->subprog_cnt; i++)
		if (g->subprogs[i].memory && g->subprogs[i].call == insn)
			return TYPE_GLOBAL_MEMORY;
	return TYPE_GLOBAL;
}

u32 world_func_info(const struct gen *g, struct bpf_func_info *info)
{
	u32 type[ARRAY_SIZE(g->insns)] = {[0] = TYPE_LOCAL}, n = 0;

	for (u32 i = 0; i + 1 < g->cnt; i++) {
		s64 target = isa_target(&g->insns[i], i);

		if (!refers_to_subprog(&g->insns[i]) || target < 0 || target >= g->cnt)
			continue;
		if (g->global && isa_is_local_call(&g->insns[i]) && !type[target])
			type[target] = type_of_callee(g, i);
		else
			type[target] = TYPE_LOCAL;
	}
	for (u32 i = 0; i < g->cnt && n < WORLD_FUNCS; i++) {
		if (type[i])
			info[n++] = (struct bpf_func_info){.insn_off = i, .type_id = type[i]};
	}
	return n;
}

int world_open(struct world *w, struct engine *engine)
{
	int err = 0;

	w->engine = engine;
	for (u32 i = 0; i < GEN_MAPS; i++) {
		w->fds[i] = make_map(w, i);
		if (w->fds[i] < 0)
			err = w->fds[i];
	}
	w->btf = load_btf(w);
	if (w->btf < 0)
		err = w->btf;
	return err ? err : freeze_rodata(w);
}

void world_close(struct world *w)
{
	for (u32 i = 0; i < GEN_MAPS; i++) {
		if (w->fds[i] >= 0)
			w->engine->ops->close(w->engine, w->fds[i]);
	}
	if (w->btf >= 0)
		w->engine->ops->close(w->engine, w->btf);
}

/* Words: small numbers, whole ones, and those that the program names or are beside them. */
void world_random(u8 *to, u32 size, const struct gen *g, u64 *state)
{
	static const u32 edges[] = {0,		1,	    2,		0x7fffffff,
				    0x80000000, 0xffffffff, 0xfffffffe, 0xffff};

	for (u32 i = 0; i < size; i += 4) {
		u64 v = gen_random(state);
		u32 word = (u32)(v >> 32);

		switch (v % 8) {
		case 0:
		case 1:
		case 2:
			word %= 64;
			break;
		case 3:
			word = -(word % 64);
			break;
		case 4:
			word = edges[word % ARRAY_SIZE(edges)];
			break;
		case 5:
			word = (u32)g->insns[word % g->cnt].imm + (u32)(v >> 8) % 3 - 1;
			break;
		case 6:
			word &= 0x3f3f3f3f;
			break;
		default:
			break;
		}
		memcpy(to + i, &word, size - i < 4 ? size - i : 4);
	}
}

void world_fill(struct world *w, const struct gen *g, u64 seed, bool ring)
{
	u8 value[4096]; /* of a per-CPU map, for all CPUs */
	u64 state = seed;

	for (u64 key = 0; key < 8; key++) {
		world_random(value, 64, g, &state);
		if (key < gen_maps[GEN_ARRAY].max_entries)
			element(w, BPF_MAP_UPDATE_ELEM, GEN_ARRAY, key, value);
		if (key < 1)
			element(w, BPF_MAP_UPDATE_ELEM, GEN_GLOBAL, key, value);
	}
	for (u32 n = 0; n < 64; n++) {
		u64 key = 0;
		union bpf_attr attr = {0};

		attr.map_fd = (u32)w->fds[GEN_HASH];
		attr.next_key = ptr_to_u64(&key);
		if (world_bpf(w, BPF_MAP_GET_NEXT_KEY, &attr))
			break;
		element(w, BPF_MAP_DELETE_ELEM, GEN_HASH, key, NULL);
	}
	for (u64 key = 0; key < 4; key++) {
		world_random(value, 64, g, &state);
		if (gen_random(&state) & 1)
			element(w, BPF_MAP_UPDATE_ELEM, GEN_HASH, key, value);
	}
	memset(value, (int)(seed & 0x3f), sizeof(value));
	for (u64 key = 0; key < 2; key++)
		element(w, BPF_MAP_UPDATE_ELEM, GEN_PERCPU, key, value);
	if (ring)
		world_renew(w, GEN_RING);
}

int world_renew(struct world *w, enum gen_map map)
{
	w->engine->ops->close(w->engine, w->fds[map]);
	w->fds[map] = make_map(w, map);
	return w->fds[map] < 0 ? w->fds[map] : 0;
}

void world_patch(const struct world *w, const struct gen *g, struct bpf_insn *insns)
{
	memcpy(insns, g->insns, g->cnt * sizeof(*insns));
	for (u32 i = 0; i + 1 < g->cnt; i++) {
		if (isa_is_map_ref(&insns[i]) && (u32)insns[i].imm < GEN_MAPS)
			insns[i].imm = w->fds[insns[i].imm];
		i += isa_is_wide(&insns[i]);
	}
}

bool world_uses(const struct gen *g, enum gen_map map)
{
	for (u32 i = 0; i < g->cnt; i++) {
		if (isa_is_map_ref(&g->insns[i]) && g->insns[i].imm == (s32)map)
			return true;
	}
	return false;
}

int world_load(struct world *w, const struct gen *g, char *log, u32 log_size)
{
	struct bpf_insn insns[ARRAY_SIZE(g->insns)];
	struct bpf_func_info info[WORLD_FUNCS];
	union bpf_attr attr = {0};

	if (world_uses(g, GEN_PROGS))
		world_renew(w, GEN_PROGS);
	world_patch(w, g, insns);
	attr.func_info_cnt = world_func_info(g, info);
	attr.func_info = ptr_to_u64(info);
	attr.func_info_rec_size = sizeof(*info);
	attr.prog_btf_fd = (u32)w->btf;
	attr.prog_type = g->type;
	attr.prog_flags = g->flags;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = g->cnt;
	attr.license = ptr_to_u64("GPL");
	if (log) {
		log[0] = 0;
		attr.log_buf = ptr_to_u64(log);
		attr.log_size = log_size;
		attr.log_level = 1;
	}
	return world_bpf(w, BPF_PROG_LOAD, &attr);
}

static int map_by_fd(void *arg, s32 fd, bool by_index, struct map **map)
{
	struct object *obj;
	int err = by_index ? -EPROTO : handle_get_kind(arg, fd, OBJECT_MAP, &obj);

	if (!err)
		*map = map_of(obj);
	return err;
}

int world_load_in(const struct world *w, struct host *host, struct object *types,
		  const struct gen *g, struct log *log, struct verify_result *result,
		  struct prog **prog)
{
	struct bpf_insn insns[ARRAY_SIZE(g->insns)];
	struct bpf_func_info info[WORLD_FUNCS];
	const struct hook *hook = hook_find(g->type);
	const struct prog_load_args args = {
		.type = g->type,
		.name = "",
		.license = "GPL",
		.prog_flags = g->flags,
		.insns = insns,
		.insn_cnt = g->cnt,
		.btf = btf_object_of(types),
		.func_info = info,
		.func_info_cnt = world_func_info(g, info),
		.map_by_fd = map_by_fd,
		.fd_arg = host,
		.hook = hook,
		.rules = hook->rules,
	};

	world_patch(w, g, insns);
	return prog_load(host, &args, log, result, prog);
}

void world_values(struct world *w, u8 values[WORLD_VALUES])
{
	u32 at = 0;

	memset(values, 0, WORLD_VALUES);
	for (u64 key = 0; key < gen_maps[GEN_ARRAY].max_entries; key++) {
		element(w, BPF_MAP_LOOKUP_ELEM, GEN_ARRAY, key, values + at);
		at += gen_maps[GEN_ARRAY].value_size;
	}
	element(w, BPF_MAP_LOOKUP_ELEM, GEN_GLOBAL, 0, values + at);
	at += gen_maps[GEN_GLOBAL].value_size;
	for (u64 key = 0; key < 8; key++) {
		element(w, BPF_MAP_LOOKUP_ELEM, GEN_HASH, key, values + at);
		at += gen_maps[GEN_HASH].value_size;
	}
}

void world_run(struct world *w, const struct gen *g, int fd, const struct input *in,
	       struct outcome *out)
{
	struct __sk_buff skb = {.mark = in->mark, .priority = in->priority};
	union bpf_attr attr = {0};

	memset(out, 0, sizeof(*out));
	memcpy(skb.cb, in->cb, sizeof(skb.cb));
	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = ptr_to_u64(in->packet);
	attr.test.data_size_in = in->len;
	attr.test.data_out = ptr_to_u64(out->data);
	attr.test.data_size_out = sizeof(out->data);
	attr.test.repeat = 1;
	if (g->type != BPF_PROG_TYPE_XDP) {
		attr.test.ctx_in = ptr_to_u64(&skb);
		attr.test.ctx_size_in = sizeof(skb);
	}
	out->error = world_bpf(w, BPF_PROG_TEST_RUN, &attr);
	out->r0 = attr.test.retval;
	out->len = attr.test.data_size_out;
	world_values(w, out->values);
}

/* Often just as long as the program asks for, or a byte less or more. */
u32 world_packet_length(const struct gen *g, u64 *state)
{
	const struct bpf_insn *insn = &g->insns[gen_random(state) % g->cnt];

	for (u32 i = 0; i < 40; i++) {
		if (insn->code == (BPF_ALU64 | BPF_ADD | BPF_K) && insn->imm > (s32)ETH_HEADER &&
		    insn->imm < WORLD_PACKET - 2)
			return (u32)insn->imm - 1 + (u32)(gen_random(state) % 3);
		insn = &g->insns[gen_random(state) % g->cnt];
	}
	return ETH_HEADER + (u32)(gen_random(state) % (WORLD_PACKET - ETH_HEADER));
}

void input_make(struct input *in, const struct gen *g, u64 seed)
{
	static const u8 types[][2] = {{8, 6}, {8, 0}, {0x86, 0xdd}};
	u64 state = seed;

	memset(in, 0, sizeof(*in));
	in->len = world_packet_length(g, &state);
	world_random(in->packet, in->len, g, &state);
	/* Linux refuses IP packets that are shorter than their header. */
	memcpy(in->packet + 12, types[in->len < 54 ? 0 : gen_random(&state) % 3], 2);
	world_random((u8 *)&in->mark, 4, g, &state);
	world_random((u8 *)&in->priority, 4, g, &state);
	world_random((u8 *)in->cb, sizeof(in->cb), g, &state);
}

bool outcome_differs(const struct outcome *a, const struct outcome *b, char text[OUTCOME_TEXT])
{
	text[0] = 0;
	if (a->error != b->error)
		snprintf(text, OUTCOME_TEXT, "error %d and %d", a->error, b->error);
	else if (a->r0 != b->r0)
		snprintf(text, OUTCOME_TEXT, "r0 %#llx and %#llx", (unsigned long long)a->r0,
			 (unsigned long long)b->r0);
	else if (a->len != b->len)
		snprintf(text, OUTCOME_TEXT, "packets of %u and %u bytes", a->len, b->len);
	for (u32 i = 0; i < a->len && !text[0] && i < WORLD_OUT; i++) {
		if (a->data[i] != b->data[i])
			snprintf(text, OUTCOME_TEXT, "byte %u of the packet %#x and %#x", i,
				 a->data[i], b->data[i]);
	}
	for (u32 i = 0; i < WORLD_VALUES && !text[0]; i++) {
		if (a->values[i] != b->values[i])
			snprintf(text, OUTCOME_TEXT, "byte %u of the maps' values %#x and %#x", i,
				 a->values[i], b->values[i]);
	}
	return text[0];
}
