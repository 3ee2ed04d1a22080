/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/vec.h"
#include "isa/isa.h"

#define MAX_INSNS (1u << 20)

/* ---- capturing ---- */

/* What an open descriptor is. */
struct open_fd {
	int fd;
	bool is_btf;
	struct capture_map map;
	void *bytes; /* BTF, or a frozen value */
	size_t size;
	int inner_fd;
};

struct capture {
	struct engine engine;
	struct engine *to;
	const char *dir;
	VEC(struct open_fd) fds;
};

static struct capture *capture_of(struct engine *engine)
{
	return container_of(engine, struct capture, engine);
}

/* Descriptors are used again: the latest one counts. */
static struct open_fd *find_fd(struct capture *c, int fd)
{
	vec_each (&c->fds, at)
		if (at->fd == fd)
			return at;
	return NULL;
}

static struct open_fd *new_fd(struct capture *c, int fd)
{
	struct open_fd *at = find_fd(c, fd);

	if (!at && vec_push(&c->fds, &mem_libc, (struct open_fd){0}))
		at = &c->fds.at[c->fds.len - 1];
	if (at) {
		free(at->bytes);
		*at = (struct open_fd){.fd = fd, .inner_fd = -1};
	}
	return at;
}

static void keep_bytes(struct open_fd *at, u64 addr, size_t size)
{
	free(at->bytes);
	at->bytes = malloc(size);
	at->size = at->bytes ? size : 0;
	if (at->bytes)
		memcpy(at->bytes, u64_to_ptr(addr), size);
}

static void saw_btf(struct capture *c, const union bpf_attr *attr, int fd)
{
	struct open_fd *at = new_fd(c, fd);

	if (at) {
		at->is_btf = true;
		keep_bytes(at, attr->btf, attr->btf_size);
	}
}

static void saw_map(struct capture *c, const union bpf_attr *attr, int fd)
{
	struct open_fd *at = new_fd(c, fd);

	if (!at)
		return;
	at->inner_fd = attr->inner_map_fd ? (int)attr->inner_map_fd : -1;
	at->map = (struct capture_map){
		.type = attr->map_type,
		.key_size = attr->key_size,
		.value_size = attr->value_size,
		.max_entries = attr->max_entries,
		.flags = attr->map_flags,
		.key_type = attr->btf_key_type_id,
		.value_type = attr->btf_value_type_id,
		.vmlinux_type = attr->btf_vmlinux_value_type_id,
		.extra = attr->map_extra,
		.inner = CAPTURE_NO_INNER,
	};
	memcpy(at->map.name, attr->map_name, sizeof(at->map.name));
}

/* The only value of an array: what freezing it makes constant. */
static void saw_update(struct capture *c, const union bpf_attr *attr)
{
	struct open_fd *at = find_fd(c, (int)attr->map_fd);

	if (at && !at->is_btf && at->map.type == BPF_MAP_TYPE_ARRAY && at->map.max_entries == 1)
		keep_bytes(at, attr->value, at->map.value_size);
}

static void saw_freeze(struct capture *c, const union bpf_attr *attr)
{
	struct open_fd *at = find_fd(c, (int)attr->map_fd);

	if (at && at->bytes)
		at->map.value_bytes = (u32)at->size;
}

struct writer {
	struct capture *c;
	struct buf out;
	int maps[CAPTURE_MAPS];
	u32 map_cnt;
};

static void add_part(struct buf *out, const void *data, size_t size)
{
	buf_add(out, data, size);
	buf_add_zero(out, ROUND_UP(size, (size_t)8) - size);
}

/* Inner maps come before the maps that hold them. */
static u32 map_position(struct writer *w, int fd)
{
	struct open_fd *at = find_fd(w->c, fd);
	u32 inner = CAPTURE_NO_INNER;

	for (u32 i = 0; i < w->map_cnt; i++)
		if (w->maps[i] == fd)
			return i;
	if (!at || at->is_btf)
		return CAPTURE_NO_INNER;
	if (at->inner_fd >= 0)
		inner = map_position(w, at->inner_fd);
	if (w->map_cnt == CAPTURE_MAPS)
		return CAPTURE_NO_INNER;
	at->map.inner = inner;
	w->maps[w->map_cnt] = fd;
	return w->map_cnt++;
}

static struct bpf_insn *copy_insns(struct writer *w, const union bpf_attr *attr)
{
	size_t size = attr->insn_cnt * sizeof(struct bpf_insn);
	struct bpf_insn *insns = malloc(size);

	if (!insns)
		return NULL;
	memcpy(insns, u64_to_ptr(attr->insns), size);
	for (u32 i = 0; i < attr->insn_cnt; i++) {
		struct bpf_insn *insn = &insns[i];

		if (!isa_is_map_ref(insn))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_IDX)
			insn->src_reg = BPF_PSEUDO_MAP_FD;
		else if (insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE)
			insn->src_reg = BPF_PSEUDO_MAP_VALUE;
		else {
			insn->imm = (s32)map_position(w, insn->imm);
			continue;
		}
		insn->imm =
			(s32)map_position(w, ((const int *)u64_to_ptr(attr->fd_array))[insn->imm]);
	}
	return insns;
}

static void write_file(struct capture *c, const struct buf *out)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%08x-%zu.cap", c->dir, hash_bytes(out->data, out->len, 0),
		 out->len);
	file = fopen(path, "wbe");
	if (!file)
		return;
	fwrite(out->data, 1, out->len, file);
	fclose(file);
}

static void saw_prog(struct capture *c, const union bpf_attr *attr)
{
	struct open_fd *btf = attr->prog_btf_fd ? find_fd(c, (int)attr->prog_btf_fd) : NULL;
	struct writer w = {.c = c};
	struct bpf_insn *insns = copy_insns(&w, attr);
	struct capture_head head = {
		.magic = CAPTURE_MAGIC,
		.type = attr->prog_type,
		.attach_type = attr->expected_attach_type,
		.attach_btf_id = attr->attach_btf_id,
		.flags = attr->prog_flags,
		.btf_size = btf && btf->is_btf ? (u32)btf->size : 0,
		.map_cnt = w.map_cnt,
		.insn_cnt = attr->insn_cnt,
		.func_cnt = attr->func_info_cnt,
		.line_cnt = attr->line_info_cnt,
		.gpl = !strcmp(u64_to_ptr(attr->license), "GPL"),
	};

	if (!insns)
		return;
	memcpy(head.name, attr->prog_name, sizeof(head.name));
	buf_init(&w.out, &mem_libc);
	add_part(&w.out, &head, sizeof(head));
	if (head.btf_size)
		add_part(&w.out, btf->bytes, btf->size);
	for (u32 i = 0; i < w.map_cnt; i++) {
		const struct open_fd *map = find_fd(c, w.maps[i]);

		add_part(&w.out, &map->map, sizeof(map->map));
		add_part(&w.out, map->bytes, map->map.value_bytes);
	}
	add_part(&w.out, insns, attr->insn_cnt * sizeof(*insns));
	add_part(&w.out, u64_to_ptr(attr->func_info), head.func_cnt * sizeof(struct bpf_func_info));
	add_part(&w.out, u64_to_ptr(attr->line_info), head.line_cnt * sizeof(struct bpf_line_info));
	if (!buf_error(&w.out))
		write_file(c, &w.out);
	buf_free(&w.out);
	free(insns);
}

static void saw_call(struct capture *c, enum bpf_cmd cmd, const union bpf_attr *attr, int ret)
{
	switch (cmd) {
	case BPF_BTF_LOAD:
		saw_btf(c, attr, ret);
		break;
	case BPF_MAP_CREATE:
		saw_map(c, attr, ret);
		break;
	case BPF_MAP_UPDATE_ELEM:
		saw_update(c, attr);
		break;
	case BPF_MAP_FREEZE:
		saw_freeze(c, attr);
		break;
	default:
		break;
	}
}

static int capture_bpf(struct engine *engine, enum bpf_cmd cmd, union bpf_attr *attr, u32 size)
{
	struct capture *c = capture_of(engine);
	union bpf_attr copy = {0};
	int ret;

	memcpy(&copy, attr, size < sizeof(copy) ? size : sizeof(copy));
	if (cmd == BPF_PROG_LOAD)
		saw_prog(c, &copy);
	ret = engine_bpf(c->to, cmd, attr, size);
	if (ret >= 0)
		saw_call(c, cmd, &copy, ret);
	return ret;
}

static int capture_close(struct engine *engine, int fd)
{
	struct engine *to = capture_of(engine)->to;

	return to->ops->close(to, fd);
}

static int capture_mmap(struct engine *engine, int fd, u64 offset, size_t size, bool writable,
			void **addr)
{
	struct engine *to = capture_of(engine)->to;

	return to->ops->mmap(to, fd, offset, size, writable, addr);
}

static int capture_munmap(struct engine *engine, void *addr, size_t size)
{
	struct engine *to = capture_of(engine)->to;

	return to->ops->munmap(to, addr, size);
}

static int capture_poll(struct engine *engine, int fd, int timeout_ms)
{
	struct engine *to = capture_of(engine)->to;

	return to->ops->poll(to, fd, timeout_ms);
}

static int capture_run_frames(struct engine *engine, int prog_fd, struct hook_frame *frames, u32 n,
			      u64 *duration_ns)
{
	struct engine *to = capture_of(engine)->to;

	return to->ops->run_frames(to, prog_fd, frames, n, duration_ns);
}

static void capture_free(struct engine *engine)
{
	struct capture *c = capture_of(engine);

	vec_each (&c->fds, at)
		free(at->bytes);
	vec_free(&c->fds, &mem_libc);
	engine_free(c->to);
	free(c);
}

static const struct engine_ops capture_ops = {
	.name = "capture",
	.bpf = capture_bpf,
	.close = capture_close,
	.mmap = capture_mmap,
	.munmap = capture_munmap,
	.poll = capture_poll,
	.run_frames = capture_run_frames,
	.free = capture_free,
};

struct engine *capture_engine(struct engine *engine, const char *dir)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct capture){.engine = {&capture_ops}, .to = engine, .dir = dir};
	return &c->engine;
}

/* ---- loading again ---- */

struct reader {
	const u8 *data;
	size_t size, at;
	struct capture_head head;
	struct engine *engine;
	int btf_fd;
	int fds[CAPTURE_MAPS];
	u32 fd_cnt;
};

/* The next part, or NULL where the bytes end before it does. */
static const void *part(struct reader *r, size_t n, size_t size)
{
	const void *p = r->data + r->at;
	size_t bytes = ROUND_UP(n * size, (size_t)8);

	if (n > r->size || bytes > r->size - r->at)
		return NULL;
	r->at += bytes;
	return p;
}

static int load_btf(struct reader *r)
{
	union bpf_attr attr = {0};
	const void *data = part(r, r->head.btf_size, 1);

	if (!data)
		return -EBADMSG;
	if (!r->head.btf_size)
		return 0;
	attr.btf = ptr_to_u64(data);
	attr.btf_size = r->head.btf_size;
	r->btf_fd = engine_bpf(r->engine, BPF_BTF_LOAD, &attr, sizeof(attr));
	return r->btf_fd < 0 ? r->btf_fd : 0;
}

static int fill_and_freeze(struct reader *r, int fd, const void *value)
{
	union bpf_attr attr = {.map_fd = (u32)fd};
	u32 key = 0;
	int err;

	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(value);
	err = engine_bpf(r->engine, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
	if (err)
		return err;
	attr = (union bpf_attr){.map_fd = (u32)fd};
	return engine_bpf(r->engine, BPF_MAP_FREEZE, &attr, sizeof(attr));
}

/* Untrusted captures must not ask for gigabytes. */
static bool map_too_large(const struct capture_map *map)
{
	return (u64)map->max_entries * ((u64)map->value_size + map->key_size) > 64u << 20 &&
	       map->type != BPF_MAP_TYPE_ARENA;
}

static int load_map(struct reader *r)
{
	const struct capture_map *map = part(r, 1, sizeof(*map));
	const void *value = map ? part(r, map->value_bytes, 1) : NULL;
	union bpf_attr attr = {0};
	int fd;

	if (!value || (map->value_bytes && map->value_bytes != map->value_size))
		return -EBADMSG;
	if (map_too_large(map))
		return -E2BIG;
	attr.map_type = map->type;
	attr.key_size = map->key_size;
	attr.value_size = map->value_size;
	attr.max_entries = map->max_entries;
	attr.map_flags = map->flags;
	attr.map_extra = map->extra;
	attr.btf_key_type_id = map->key_type;
	attr.btf_value_type_id = map->value_type;
	attr.btf_vmlinux_value_type_id = map->vmlinux_type;
	attr.btf_fd = map->value_type && r->btf_fd > 0 ? (u32)r->btf_fd : 0;
	if (map->inner < r->fd_cnt)
		attr.inner_map_fd = (u32)r->fds[map->inner];
	memcpy(attr.map_name, map->name, sizeof(attr.map_name));
	fd = engine_bpf(r->engine, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return fd;
	r->fds[r->fd_cnt++] = fd;
	return map->value_bytes ? fill_and_freeze(r, fd, value) : 0;
}

/* Positions become descriptors; positions of nothing stay what they are. */
static void patch_maps(const struct reader *r, struct bpf_insn *insns)
{
	for (u32 i = 0; i < r->head.insn_cnt; i++)
		if (isa_is_map_ref(&insns[i]) && (u32)insns[i].imm < r->fd_cnt)
			insns[i].imm = r->fds[insns[i].imm];
}

static int load_prog(struct reader *r, char *log, u32 log_size)
{
	const struct capture_head *head = &r->head;
	const void *from = part(r, head->insn_cnt, sizeof(struct bpf_insn));
	const void *funcs = part(r, head->func_cnt, sizeof(struct bpf_func_info));
	const void *lines = part(r, head->line_cnt, sizeof(struct bpf_line_info));
	union bpf_attr attr = {0};
	struct bpf_insn *insns;
	int fd;

	if (!from || !funcs || !lines || head->insn_cnt > MAX_INSNS)
		return -EBADMSG;
	insns = malloc(head->insn_cnt * sizeof(*insns) + 1);
	if (!insns)
		return -ENOMEM;
	memcpy(insns, from, head->insn_cnt * sizeof(*insns));
	patch_maps(r, insns);
	attr.prog_type = head->type;
	attr.expected_attach_type = head->attach_type;
	attr.attach_btf_id = head->attach_btf_id;
	attr.prog_flags = head->flags;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = head->insn_cnt;
	attr.license = ptr_to_u64(head->gpl ? "GPL" : "Proprietary");
	attr.func_info = ptr_to_u64(funcs);
	attr.func_info_cnt = head->func_cnt;
	attr.func_info_rec_size = sizeof(struct bpf_func_info);
	attr.line_info = ptr_to_u64(lines);
	attr.line_info_cnt = head->line_cnt;
	attr.line_info_rec_size = sizeof(struct bpf_line_info);
	attr.prog_btf_fd = r->btf_fd > 0 ? (u32)r->btf_fd : 0;
	memcpy(attr.prog_name, head->name, sizeof(attr.prog_name));
	if (log) {
		attr.log_level = 1;
		attr.log_buf = ptr_to_u64(log);
		attr.log_size = log_size;
	}
	fd = engine_bpf(r->engine, BPF_PROG_LOAD, &attr, sizeof(attr));
	free(insns);
	return fd;
}

int capture_load(struct engine *engine, const u8 *data, size_t size, char *log, u32 log_size)
{
	struct reader r = {.data = data, .size = size, .engine = engine, .btf_fd = -1};
	const struct capture_head *head = part(&r, 1, sizeof(*head));
	int ret;

	if (!head || head->magic != CAPTURE_MAGIC || head->map_cnt > CAPTURE_MAPS)
		return -EBADMSG;
	r.head = *head;
	ret = load_btf(&r);
	for (u32 i = 0; i < r.head.map_cnt && ret >= 0; i++)
		ret = load_map(&r);
	if (ret >= 0)
		ret = load_prog(&r, log, log_size);
	for (u32 i = 0; i < r.fd_cnt; i++)
		engine->ops->close(engine, r.fds[i]);
	if (r.btf_fd >= 0)
		engine->ops->close(engine, r.btf_fd);
	return ret;
}

u32 capture_insns(u8 *data, size_t size, struct bpf_insn **insns)
{
	struct reader r = {.data = data, .size = size};
	const struct capture_head *head = part(&r, 1, sizeof(*head));
	const struct capture_map *map;
	const u8 *at;

	if (!head || head->magic != CAPTURE_MAGIC || head->map_cnt > CAPTURE_MAPS ||
	    !part(&r, head->btf_size, 1))
		return 0;
	for (u32 i = 0; i < head->map_cnt; i++) {
		map = part(&r, 1, sizeof(*map));
		if (!map || !part(&r, map->value_bytes, 1))
			return 0;
	}
	at = part(&r, head->insn_cnt, sizeof(**insns));
	if (!at)
		return 0;
	*insns = (struct bpf_insn *)(void *)(data + (at - data));
	return head->insn_cnt;
}
