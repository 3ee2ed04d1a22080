/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a file of code to a program: that it was made from the same, the pages,
 * the addresses in the pool. Code is mapped from the file, readable and
 * executable and never writable; the pool is written, then read-only.
 */
#include <errno.h>
#include <string.h>

#include "base/os.h"
#include "helper/helper.h"
#include "helper/kfunc.h"
#include "jit/aot/digest.h"
#include "jit/aot/file.h"
#include "jit/compile.h"
#include "jit/image.h"
#include "jit/runtime.h"
#include "map/array.h"

/* ---- what the code was made from ---- */

static int differs(struct err *err, const char *what)
{
	return err_set(err, -ENOEXEC, "%s", what);
}

/* One number of a map that is not what it was. */
struct map_number {
	const char *what;
	u64 was, is;
};

static int check_map(const char *name, const struct aot_map *was, struct map *map, struct err *err)
{
	const struct aot_map is = aot_describe_map(map);
	/* As many as the machine has CPUs, and no code asks. */
	bool sized = is.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY;
	const struct map_number numbers[] = {
		{"key_size", was->key_size, is.key_size},
		{"value_size", was->value_size, is.value_size},
		{"max_entries", sized ? was->max_entries : 0, sized ? is.max_entries : 0},
		{"map_flags", was->map_flags, is.map_flags},
		{"map_extra", was->map_extra, is.map_extra},
		{"special fields", was->fields, is.fields},
		{"bytes per element", was->stride, is.stride},
		{"bytes per CPU", was->cpu_stride, is.cpu_stride},
	};

	if (was->type != is.type)
		return err_set(err, -ENOEXEC,
			       "it is for a map \"%s\" of type %s, which is of type %s", name,
			       map_type_name(was->type), map_type_name(is.type));
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].was != numbers[i].is)
			return err_set(err, -ENOEXEC,
				       "it is for a map \"%s\" with %s %llu, not %llu", name,
				       numbers[i].what, (unsigned long long)numbers[i].was,
				       (unsigned long long)numbers[i].is);
	return 0;
}

static int check_maps(const struct aot_file *file, const struct aot_prog *p,
		      const struct prog *prog, struct err *err)
{
	const struct aot_map *maps = aot_table(file, p->maps);
	int ret = 0;

	if (p->maps.cnt != prog->map_cnt)
		return err_set(err, -ENOEXEC, "it is for %u maps, not %u", p->maps.cnt,
			       prog->map_cnt);
	for (u32 i = 0; i < prog->map_cnt && !ret; i++)
		ret = check_map(aot_string(file, maps[i].name), &maps[i], prog->maps[i], err);
	return ret;
}

static int check_facts(const struct aot_prog *p, const struct prog *prog,
		       const struct jit_options *options, struct err *err)
{
	u8 facts[SHA1_SIZE];

	aot_digest_facts(prog, options, facts);
	if (p->insn_cnt == prog->insn_cnt && p->subprog_cnt == prog->subprog_cnt &&
	    !memcmp(p->facts, facts, sizeof(facts)))
		return 0;
	return differs(err, "the verifier has proven something else of the program than when its "
			    "code was made: read-only data, capabilities or the kernel's types "
			    "are not the same");
}

static int check_features(const struct aot_file *file, const struct prog *prog,
			  const struct jit_options *options, struct err *err)
{
	u32 have = jit_features(prog->obj.host, jit_native) & ~options->features_off;
	size_t len = 0;
	const char *missing =
		aot_missing_feature(aot_string(file, file->header->features), have, &len);

	if (!missing)
		return 0;
	return err_set(err, -ENOEXEC, "it is for processors with %.*s, which this one has not",
		       (int)len, missing);
}

static int check_same(const struct aot_file *file, const struct aot_prog *p,
		      const struct prog *prog, const struct jit_options *options, struct err *err)
{
	int ret;

	if (memcmp(p->tag, prog->tag, sizeof(p->tag)) != 0)
		return differs(err, "its code was made from other instructions");
	if (p->type != prog->type || p->attach_type != prog->expected_attach_type)
		return differs(err, "its code is for another type of programs");
	if (options->limited && !(p->flags & AOT_LIMITED))
		return differs(err, "its code does not count steps, and executions here have a "
				    "budget (anybpf compile --limits)");
	if (options->blind && !(p->flags & AOT_BLIND))
		return differs(err, "constants appear in its code, and here they must not");
	ret = check_features(file, prog, options, err);
	if (!ret)
		ret = check_maps(file, p, prog, err);
	return ret ? ret : check_facts(p, prog, options, err);
}

/* ---- addresses ---- */

static bool is_map_op(s64 offset)
{
	return offset == offsetof(struct map_ops, lookup) ||
	       offset == offsetof(struct map_ops, update) ||
	       offset == offsetof(struct map_ops, delete);
}

static const struct jit_runtime_fn *runtime_function(const char *name)
{
	for (u32 i = 0; i < JIT_RUNTIME_CNT; i++)
		if (!strcmp(jit_runtime[i].name, name))
			return &jit_runtime[i];
	return NULL;
}

bool aot_entry_known(const struct aot_file *file, const struct aot_prog *p,
		     const struct aot_entry *entry)
{
	const char *name = aot_string(file, entry->name);

	switch (entry->kind) {
	case SYM_MAP:
	case SYM_MAP_VALUE:
		return entry->index < p->maps.cnt;
	case SYM_MAP_OP:
		return entry->index < p->maps.cnt && is_map_op(entry->addend);
	case SYM_SUBPROG:
		return entry->index < p->subprog_cnt;
	case SYM_PROG:
		return true;
	case SYM_HELPER:
		return entry->index < HELPER_CNT && !strcmp(helper_protos[entry->index].name, name);
	case SYM_RUNTIME:
		return runtime_function(name);
	case SYM_KFUNC:
	case SYM_KFUNC_TYPE:
		return kfunc_id_by_name(name) != KFUNC_UNKNOWN;
	default:
		return false;
	}
}

static u64 function(void (*fn)(void))
{
	return (u64)(uintptr_t)fn;
}

static u64 map_op(const struct map *map, s64 offset)
{
	u64 address;

	memcpy(&address, (const u8 *)map->ops + offset, sizeof(address));
	return address;
}

/* The first value of an array, or where direct accesses of another map start. */
static u64 map_value(struct map *map)
{
	void *first = NULL;

	if (map->desc.type == BPF_MAP_TYPE_ARRAY || map->desc.type == BPF_MAP_TYPE_PERCPU_ARRAY)
		first = array_map_of(map)->values;
	else if (map->ops->direct_value && map->ops->direct_value(map, 0, &first))
		first = NULL;
	return ptr_to_u64(first);
}

/* A kernel function that the program calls, or the type that it calls it for. */
static u64 kfunc(const struct prog *prog, const struct aot_entry *entry, const char *name)
{
	const struct kfunc_call *call;

	if (entry->index >= prog->kfunc_call_cnt)
		return 0;
	call = &prog->kfunc_calls[entry->index];
	if (!call->name || strcmp(call->name, name))
		return 0;
	return entry->kind == SYM_KFUNC ? (u64)(uintptr_t)call->fn : ptr_to_u64(&call->type);
}

/* 0 where there is none. */
static u64 address_of(const struct aot_file *file, const struct aot_entry *entry,
		      const struct prog *prog)
{
	u64 value;

	switch (entry->kind) {
	case SYM_MAP:
		return ptr_to_u64(prog->maps[entry->index]) + (u64)entry->addend;
	case SYM_MAP_VALUE:
		value = map_value(prog->maps[entry->index]);
		return value ? value + (u64)entry->addend : 0;
	case SYM_MAP_OP:
		return map_op(prog->maps[entry->index], entry->addend);
	case SYM_SUBPROG:
		return ptr_to_u64(&prog->subprogs[entry->index]);
	case SYM_PROG:
		return ptr_to_u64(prog);
	case SYM_HELPER:
		return function((void (*)(void))helper_protos[entry->index].fn);
	case SYM_RUNTIME:
		return function(runtime_function(aot_string(file, entry->name))->fn);
	case SYM_KFUNC:
	case SYM_KFUNC_TYPE:
		return kfunc(prog, entry, aot_string(file, entry->name));
	default:
		return 0;
	}
}

static int fill_pool(const struct aot_file *file, const struct aot_prog *p, const struct prog *prog,
		     u64 *pool, struct err *err)
{
	const struct aot_entry *entry = aot_table(file, p->entries);

	for (u32 i = 0; i < p->entries.cnt; i++) {
		pool[i] = address_of(file, &entry[i], prog);
		if (!pool[i])
			return err_set(err, -ENOEXEC,
				       "its code asks for what this library has "
				       "not (%s)",
				       aot_string(file, entry[i].name));
	}
	return 0;
}

/* ---- pages ---- */

static bool code_is_intact(const struct aot_prog *p, const u8 *code)
{
	u8 digest[SHA1_SIZE];
	struct sha1 s;

	sha1_init(&s);
	sha1_add(&s, code, p->text_size);
	sha1_final(&s, digest);
	return !memcmp(digest, p->code, sizeof(digest));
}

static int map_code(const struct aot_file *file, const struct aot_prog *p, struct jit_image *image,
		    struct err *err)
{
	u64 page = os_page_size(), start = p->text / page * page;
	size_t size = (size_t)(ROUND_UP(p->text + p->text_size, page) - start);
	int ret;

	image->pages = (size_t)(ROUND_UP(p->pool + 8ull * p->entries.cnt, page) - start);
	image->base =
		os_pages_reserve_near(image->pages, (const void *)(uintptr_t)jit_runtime[0].fn);
	if (!image->base)
		return -ENOMEM;
	ret = os_pages_map_code(image->base, size, file->fd, start);
	if (ret)
		return err_set(err, -ENOEXEC, "its code cannot be mapped: %s%s", strerror(-ret),
			       ret == -EPERM ? " (is its file system mounted noexec?)" : "");
	image->code = image->base + (p->text - start);
	image->size = p->text_size;
	if (!code_is_intact(p, image->code))
		return err_set(err, -ENOEXEC, "the code of program \"%s\" is damaged",
			       aot_string(file, p->name));
	return 0;
}

static int map_pool(const struct aot_file *file, const struct aot_prog *p, const struct prog *prog,
		    struct jit_image *image, struct err *err)
{
	size_t page = os_page_size();
	u8 *pool = image->code + (p->pool - p->text);
	u8 *first = pool - (uintptr_t)pool % page;
	size_t size = image->pages - (size_t)(first - image->base);
	int ret;

	if (!p->entries.cnt)
		return 0;
	ret = os_pages_protect(first, size, true);
	if (!ret)
		ret = fill_pool(file, p, prog, (u64 *)(void *)pool, err);
	return ret ? ret : os_pages_protect(first, size, false);
}

/* ---- tables ---- */

static int copy_tables(const struct aot_file *file, const struct aot_prog *p, const struct mem *mem,
		       struct jit_image *image)
{
	const struct aot_fixup *fixups = aot_table(file, p->fixups);
	const struct aot_line *lines = aot_table(file, p->lines);
	const struct aot_frame *frames = aot_table(file, p->frames);

	/* There is always one more, so that none is NULL. */
	image->fixups = mem_zalloc_array(mem, p->fixups.cnt + 1ull, sizeof(*image->fixups));
	image->lines = mem_zalloc_array(mem, p->lines.cnt + 1ull, sizeof(*image->lines));
	image->funcs = mem_zalloc_array(mem, p->funcs.cnt, sizeof(*image->funcs));
	image->frames = mem_zalloc_array(mem, p->frames.cnt + 1ull, sizeof(*image->frames));
	if (!image->fixups || !image->lines || !image->funcs || !image->frames)
		return -ENOMEM;
	image->fixup_cnt = p->fixups.cnt;
	for (u32 i = 0; i < p->fixups.cnt; i++)
		image->fixups[i] = (struct fault_fixup){fixups[i].at, fixups[i].resume,
							(u8)fixups[i].zero_reg};
	image->line_cnt = p->lines.cnt;
	for (u32 i = 0; i < p->lines.cnt; i++)
		image->lines[i] = (struct jit_line){lines[i].offset, lines[i].pc};
	image->frame_cnt = p->frames.cnt;
	for (u32 i = 0; i < p->frames.cnt; i++)
		image->frames[i] =
			(struct jit_frame){frames[i].offset, frames[i].depth, (u8)frames[i].nsaved};
	return 0;
}

static void copy_funcs(const struct aot_file *file, const struct aot_prog *p,
		       struct jit_image *image)
{
	const struct aot_func *from = aot_table(file, p->funcs);

	image->func_cnt = p->funcs.cnt;
	for (u32 i = 0; i < p->funcs.cnt; i++) {
		struct jit_func *to = &image->funcs[i];

		*to = (struct jit_func){
			.subprog = from[i].subprog,
			.start = from[i].start,
			.end = from[i].end,
			.prologue_end = from[i].prologue_end,
			.frame_size = from[i].frame_size,
			.nsaved = (u8)from[i].nsaved,
		};
		for (u32 k = 0; k < from[i].nsaved; k++) {
			to->saved[k].dwarf_reg = (u8)from[i].saved[k].dwarf_reg;
			to->saved[k].cfa_offset = from[i].saved[k].cfa_offset;
		}
	}
}

/* ---- loading ---- */

static int load_into(const struct aot_file *file, const struct aot_prog *p, const struct prog *prog,
		     struct jit_image *image, struct err *err)
{
	int ret = copy_tables(file, p, prog->obj.host->mem, image);

	if (ret)
		return ret;
	copy_funcs(file, p, image);
	ret = map_code(file, p, image, err);
	if (!ret)
		ret = map_pool(file, p, prog, image, err);
	return ret ? ret : image_register(image, prog);
}

static int load(const struct aot_file *file, const struct aot_prog *p, struct prog *prog,
		struct err *err)
{
	const struct mem *mem = prog->obj.host->mem;
	struct jit_image *image = mem_zalloc(mem, sizeof(*image));
	int ret = image ? load_into(file, p, prog, image, err) : -ENOMEM;

	if (ret)
		image_free(mem, image);
	else
		image_install(image, prog);
	return ret;
}

/*
 * The program's code in the file, or NULL with why it does not fit. Of several
 * by the same name it is the one that fits; else the first one's reason counts.
 */
static const struct aot_prog *find(const struct aot_file *file, const struct prog *prog,
				   const struct jit_options *options, struct err *err)
{
	struct err *reason = err->code ? NULL : err;

	for (u32 i = 0; i < file->header->progs.cnt; i++) {
		const struct aot_prog *p = &file->progs[i];

		if (strcmp(aot_string(file, p->name), prog->name) != 0)
			continue;
		if (!check_same(file, p, prog, options, reason))
			return p;
		if (reason)
			err_prefix(reason, "%s", file->path);
		reason = NULL;
	}
	return NULL;
}

int aot_load(const struct aot_file *list, struct prog *prog, const struct jit_options *options,
	     struct err *err)
{
	const struct aot_prog *p = NULL;
	const struct aot_file *file;
	struct err why = {0};
	int ret;

	for (file = list; file && !p; file = p ? file : file->next)
		p = find(file, prog, options, &why);
	if (!p && why.code)
		return err_set(err, why.code, "%s", why.text);
	if (!p)
		return err_set(err, -ENOEXEC, "%s%s: there is no code for a program \"%s\"",
			       list->path, list->next ? " and others" : "", prog->name);
	ret = load(file, p, prog, &why);
	if (!ret)
		return 0;
	return err_set(err, ret == -ENOMEM ? ret : -ENOEXEC, "%s: %s", file->path,
		       why.code ? why.text : strerror(-ret));
}
