/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From untrusted bytes to a struct btf: the header and its sections here, the
 * types in check_meta.c and check_types.c, what is derived from them in
 * layout.c and query.c. Checks and words are Linux's, those of BTF_LOAD.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/bytes.h"
#include "btf/impl.h"

static const struct btf_type void_type;

/* ---- byte order ---- */

void btf_swap_words(void *p, size_t size)
{
	u8 *at = p;

	for (; size >= sizeof(u32); size -= sizeof(u32), at += sizeof(u32))
		put_u32(at, __builtin_bswap32(get_u32(at)));
}

/* A magic that reads right the other way round says that all numbers are so. */
static bool is_foreign(const struct btf *btf)
{
	return btf->size >= sizeof(u16) && get_u16(btf->data) == __builtin_bswap16(BTF_MAGIC);
}

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* Numbers up to the end of the header; strings are bytes and need nothing. */
static void swap_header(struct btf *btf)
{
	u32 len;

	put_u16(btf->data, BTF_MAGIC);
	if (btf->size < offsetof(struct btf_header, type_off))
		return;
	btf_swap_words(btf->data + offsetof(struct btf_header, hdr_len), sizeof(u32));
	len = smaller(smaller(get_u32(btf->data + offsetof(struct btf_header, hdr_len)),
			      sizeof(struct btf_header)),
		      btf->size);
	if (len > offsetof(struct btf_header, type_off))
		btf_swap_words(btf->data + offsetof(struct btf_header, type_off),
			       len - offsetof(struct btf_header, type_off));
}

/* ---- header and sections ---- */

static void log_header(struct checker *c)
{
	const struct btf_header *h = &c->btf->hdr;

	if (!check_logs(c))
		return;
	check_log(c, "magic: 0x%x\n", h->magic);
	check_log(c, "version: %u\n", h->version);
	check_log(c, "flags: 0x%x\n", h->flags);
	check_log(c, "hdr_len: %u\n", h->hdr_len);
	check_log(c, "type_off: %u\n", h->type_off);
	check_log(c, "type_len: %u\n", h->type_len);
	check_log(c, "str_off: %u\n", h->str_off);
	check_log(c, "str_len: %u\n", h->str_len);
	check_log(c, "btf_total_size: %u\n", c->btf->size);
}

/* The header may be longer than the one known here, by zeros. */
static int read_header(struct checker *c)
{
	struct btf *btf = c->btf;
	u32 len;

	if (btf->size < offsetof(struct btf_header, type_off))
		return check_fail(c, -EINVAL, "hdr_len not found");
	len = get_u32(btf->data + offsetof(struct btf_header, hdr_len));
	if (btf->size < len)
		return check_fail(c, -EINVAL, "btf_header not found");
	for (u32 i = sizeof(btf->hdr); i < len; i++)
		if (btf->data[i])
			return check_fail(c, -E2BIG, "Unsupported btf_header");
	memcpy(&btf->hdr, btf->data, smaller(len, sizeof(btf->hdr)));
	return 0;
}

static int check_header(struct checker *c)
{
	const struct btf_header *h = &c->btf->hdr;

	if (h->magic != BTF_MAGIC)
		return check_fail(c, -EINVAL, "Invalid magic");
	if (h->version != BTF_VERSION)
		return check_fail(c, -ENOTSUPP, "Unsupported version");
	if (h->flags)
		return check_fail(c, -ENOTSUPP, "Unsupported flags");
	if (!c->btf->base && c->btf->size == h->hdr_len)
		return check_fail(c, -EINVAL, "No data");
	return 0;
}

/* The two sections follow each other in any order and leave nothing over. */
static int check_sections(struct checker *c)
{
	const struct btf_header *h = &c->btf->hdr;
	/* Linux compares by the sign of the difference. */
	s32 by_off = (s32)(h->type_off - h->str_off), by_len = (s32)(h->type_len - h->str_len);
	bool types_first = by_off ? by_off < 0 : by_len <= 0;
	u32 offs[2] = {types_first ? h->type_off : h->str_off,
		       types_first ? h->str_off : h->type_off};
	u32 lens[2] = {types_first ? h->type_len : h->str_len,
		       types_first ? h->str_len : h->type_len};
	u32 size = c->btf->size - h->hdr_len, total = 0;

	for (u32 i = 0; i < 2; i++) {
		if (offs[i] > size)
			return check_fail(c, -EINVAL, "Invalid section offset");
		if (offs[i] > total)
			return check_fail(c, -EINVAL, "Unsupported section found");
		if (offs[i] < total)
			return check_fail(c, -EINVAL, "Section overlap found");
		if (lens[i] > size - total)
			return check_fail(c, -EINVAL, "Total section length too long");
		total += lens[i];
	}
	if (total != size)
		return check_fail(c, -EINVAL, "Unsupported section found");
	return 0;
}

static int check_strings(struct checker *c)
{
	struct btf *btf = c->btf;
	const struct btf_header *h = &btf->hdr;

	btf->strs = (const char *)btf->data + h->hdr_len + h->str_off;
	if (h->hdr_len + h->str_off + h->str_len != btf->size)
		return check_fail(c, -EINVAL, "String section is not at the end");
	if (btf->base && !h->str_len)
		return 0;
	if (!h->str_len || h->str_len - 1 > BTF_MAX_NAME_OFF || btf->strs[h->str_len - 1] ||
	    (!btf->base && btf->strs[0]))
		return check_fail(c, -EINVAL, "Invalid string section");
	return 0;
}

/*
 * The bytes are copied. Types are read in place, as 32-bit words: the copy is
 * placed so that an odd length of the header does not leave them unaligned.
 */
static int copy_data(struct btf *btf, const void *data, u32 size)
{
	u32 shift = 0;

	if (size >= offsetof(struct btf_header, type_off)) {
		u32 len = get_u32((const u8 *)data + offsetof(struct btf_header, hdr_len));

		if (get_u16(data) == __builtin_bswap16(BTF_MAGIC))
			len = __builtin_bswap32(len);
		shift = -len & 3;
	}
	btf->alloc = mem_alloc(btf->mem, (size_t)size + 4);
	if (!btf->alloc)
		return -ENOMEM;
	btf->data = (u8 *)btf->alloc + shift;
	btf->size = size;
	if (size)
		memcpy(btf->data, data, size);
	return 0;
}

static int parse_sections(struct checker *c)
{
	struct btf *btf = c->btf;
	bool foreign = !c->native && is_foreign(btf);
	int err;

	if (foreign)
		swap_header(btf);
	err = read_header(c);
	if (err)
		return err;
	log_header(c);
	err = check_header(c);
	if (!err)
		err = check_sections(c);
	if (!err)
		err = check_strings(c);
	if (err)
		return err;
	if (btf->hdr.type_off & 3)
		return check_fail(c, -EINVAL, "Unaligned type_off");
	if (!btf->base && !btf->hdr.type_len)
		return check_fail(c, -EINVAL, "No type found");
	if (foreign)
		btf_swap_words(btf->data + btf->hdr.hdr_len + btf->hdr.type_off, btf->hdr.type_len);
	return 0;
}

static int parse_types(struct checker *c)
{
	struct btf *btf = c->btf;
	int err;

	if (!btf->base && !vec_push(&btf->types, btf->mem, &void_type))
		return -ENOMEM;
	err = check_metas(c);
	if (err)
		return err;
	c->states = mem_zalloc(btf->mem, btf->types.len + 1);
	c->targets = mem_zalloc_array(btf->mem, btf->types.len + 1, sizeof(u32));
	c->sizes = mem_zalloc_array(btf->mem, btf->types.len + 1, sizeof(u32));
	if (!c->states || !c->targets || !c->sizes)
		return -ENOMEM;
	err = check_types(c);
	return err ? err : btf_layout(c);
}

static int parse_data(struct checker *c, const void *data, u32 size)
{
	struct btf *btf = c->btf;
	int ret = copy_data(btf, data, size);

	if (!ret)
		ret = parse_sections(c);
	if (!ret)
		ret = parse_types(c);
	if (!ret)
		ret = btf_index_build(btf);
	mem_free(btf->mem, c->states);
	mem_free(btf->mem, c->targets);
	mem_free(btf->mem, c->sizes);
	return ret;
}

static int parse(struct checker *c, const struct mem *mem, const void *data, size_t size,
		 const struct btf *base, struct btf **out)
{
	struct btf *btf = mem_zalloc(mem, sizeof(*btf));
	int ret;

	if (!btf)
		return err_set(c->err, -ENOMEM, "out of memory");
	c->btf = btf;
	btf->mem = mem;
	btf->base = base;
	if (base) {
		btf->first_id = btf_type_cnt(base);
		btf->first_str = base->first_str + base->hdr.str_len;
	}
	ret = parse_data(c, data, (u32)size);
	if (ret == -ENOMEM)
		err_set(c->err, ret, "out of memory");
	if (ret)
		btf_free(btf);
	else
		*out = btf;
	return ret;
}

int btf_parse(const struct mem *mem, const void *data, size_t size, const struct btf *base,
	      struct btf **btf, struct log *log, struct err *err)
{
	struct checker c = {.log = log, .err = err};

	if (size > INT_MAX)
		return err_set(err, -E2BIG, "BTF of %zu bytes is too large", size);
	return parse(&c, mem, data, size, base, btf);
}

int btf_load(const struct mem *mem, const void *data, size_t size, struct btf **btf,
	     struct log *log)
{
	struct checker c = {.log = log, .native = true};

	return size > BTF_MAX_SIZE ? -E2BIG : parse(&c, mem, data, size, NULL, btf);
}

void btf_free(struct btf *btf)
{
	if (!btf)
		return;
	vec_each(&btf->objects, object)
		mem_free(btf->mem, object->fields);
	vec_free(&btf->objects, btf->mem);
	vec_free(&btf->types, btf->mem);
	mem_free(btf->mem, btf->array_sizes);
	mem_free(btf->mem, btf->aligns);
	mem_free(btf->mem, btf->unmodified);
	mem_free(btf->mem, btf->index);
	mem_free(btf->mem, btf->alloc);
	mem_free(btf->mem, btf);
}
