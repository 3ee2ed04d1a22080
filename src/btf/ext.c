/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .BTF.ext: what compilers say of the instructions of each code section, by
 * three tables of records. All of it but the first four bytes is 32-bit
 * words, so that the other byte order is turned by turning words. Records may
 * be longer than the struct that is known, for what is added to it.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/bytes.h"
#include "btf/impl.h"

#define EXT_HEADER_MIN 24u /* up to core_relo, which came later */

struct ext_header {
	u16 magic;
	u8 version;
	u8 flags;
	u32 hdr_len;
	struct {
		u32 off, len; /* from the end of the header */
	} tables[3];
};

/* Unread bytes of a table. */
struct reader {
	const u8 *at;
	u32 left;
};

typedef __typeof__(((struct btf_ext *)NULL)->func_info) sec_vec;

struct ext_parser {
	const struct btf *btf;
	struct btf_ext *ext;
	struct err *err;
	u8 *data;
	u32 size;
	struct ext_header hdr;
};

struct table {
	const char *name;
	u32 min_rec;
	const char *(*check)(const struct btf *btf, const u32 *rec);
};

static const char *check_func(const struct btf *btf, const u32 *rec)
{
	const struct btf_type *t = btf_type_by_id(btf, rec[1]);

	return t && btf_kind(t) == BTF_KIND_FUNC ? NULL : "type id is not a function's";
}

static const char *check_line(const struct btf *btf, const u32 *rec)
{
	return btf_str_or_null(btf, rec[1]) && btf_str_or_null(btf, rec[2])
		       ? NULL
		       : "offset of a name is out of range";
}

static const char *check_relo(const struct btf *btf, const u32 *rec)
{
	if (!btf_type_by_id(btf, rec[1]))
		return "type id is out of range";
	return btf_str_or_null(btf, rec[2]) ? NULL : "offset of a string is out of range";
}

static const struct table tables[] = {
	{"func_info", sizeof(struct bpf_func_info), check_func},
	{"line_info", sizeof(struct bpf_line_info), check_line},
	{"core_relo", sizeof(struct bpf_core_relo), check_relo},
};

static int fail(struct ext_parser *p, const struct table *table, const char *text)
{
	return err_set(p->err, -EINVAL, "%s: %s", table->name, text);
}

/* Takes @len bytes, or gives NULL. */
static const void *take(struct reader *r, u64 len)
{
	const void *at = r->at;

	if (len > r->left)
		return NULL;
	r->at += len;
	r->left -= (u32)len;
	return at;
}

static int check_records(struct ext_parser *p, const struct table *table,
			 const struct btf_ext_sec *sec)
{
	for (u32 i = 0; i < sec->num_info; i++) {
		const u32 *rec = (const u32 *)sec->recs + i * (sec->rec_size / sizeof(u32));
		const char *text = table->check(p->btf, rec);

		if (text)
			return err_set(p->err, -EINVAL, "%s: record %u of section \"%s\": %s",
				       table->name, i, btf_str(p->btf, sec->sec_name_off), text);
	}
	return 0;
}

static int parse_section(struct ext_parser *p, const struct table *table, struct reader *r,
			 struct btf_ext_sec *sec)
{
	const u32 *head = take(r, 2 * sizeof(u32));

	if (!head)
		return fail(p, table, "a section's head is cut off");
	sec->sec_name_off = head[0];
	sec->num_info = head[1];
	if (!btf_str_or_null(p->btf, sec->sec_name_off))
		return fail(p, table, "offset of a section's name is out of range");
	if (!sec->num_info)
		return fail(p, table, "a section has no records");
	sec->recs = take(r, (u64)sec->num_info * sec->rec_size);
	if (!sec->recs)
		return fail(p, table, "records are cut off");
	return check_records(p, table, sec);
}

static int parse_table(struct ext_parser *p, u32 which, sec_vec *out)
{
	const struct table *table = &tables[which];
	u32 off = p->hdr.tables[which].off, len = p->hdr.tables[which].len;
	struct reader r = {.left = len};
	const u32 *rec_size;

	if (!len)
		return 0;
	if (off % sizeof(u32) || off > p->size - p->hdr.hdr_len ||
	    len > p->size - p->hdr.hdr_len - off)
		return fail(p, table, "is not within the section");
	r.at = p->data + p->hdr.hdr_len + off;
	rec_size = take(&r, sizeof(u32));
	if (!rec_size || *rec_size < table->min_rec || *rec_size % sizeof(u32))
		return fail(p, table, "invalid size of a record");
	while (r.left) {
		struct btf_ext_sec sec = {.rec_size = *rec_size};
		int err = parse_section(p, table, &r, &sec);

		if (err)
			return err;
		if (!vec_push(out, p->ext->arena.mem, sec))
			return err_set(p->err, -ENOMEM, "out of memory");
	}
	return 0;
}

static int check_header(struct ext_parser *p, bool foreign)
{
	const struct ext_header *h = &p->hdr;

	if (foreign ? h->magic != __builtin_bswap16(BTF_MAGIC) : h->magic != BTF_MAGIC)
		return err_set(p->err, -EINVAL, "invalid magic 0x%x", h->magic);
	if (h->version != BTF_VERSION)
		return err_set(p->err, -ENOTSUPP, "unsupported version %u", h->version);
	if (h->flags)
		return err_set(p->err, -ENOTSUPP, "unsupported flags 0x%x", h->flags);
	if (h->hdr_len < EXT_HEADER_MIN || h->hdr_len > p->size || h->hdr_len % sizeof(u32))
		return err_set(p->err, -EINVAL, "invalid header length %u", h->hdr_len);
	return 0;
}

/* Copies into the arena, which is aligned, and reads the header. */
static int read_header(struct ext_parser *p, const void *data)
{
	const u32 numbers = offsetof(struct ext_header, hdr_len);
	bool foreign;
	u32 len;

	if (p->size < EXT_HEADER_MIN)
		return err_set(p->err, -EINVAL, "header is cut off");
	p->data = arena_dup(&p->ext->arena, data, p->size);
	if (!p->data)
		return err_set(p->err, -ENOMEM, "out of memory");
	foreign = get_u16(p->data) == __builtin_bswap16(BTF_MAGIC);
	if (foreign)
		btf_swap_words(p->data + numbers, p->size - numbers);
	len = get_u32(p->data + numbers);
	len = len < EXT_HEADER_MIN ? EXT_HEADER_MIN : len;
	memcpy(&p->hdr, p->data, len < sizeof(p->hdr) ? len : sizeof(p->hdr));
	return check_header(p, foreign);
}

static int parse(struct ext_parser *p, const void *data)
{
	int err = read_header(p, data);

	if (!err)
		err = parse_table(p, 0, &p->ext->func_info);
	if (!err)
		err = parse_table(p, 1, &p->ext->line_info);
	if (!err)
		err = parse_table(p, 2, &p->ext->core_relo);
	return err;
}

int btf_ext_parse(const struct mem *mem, const void *data, size_t size, const struct btf *btf,
		  struct btf_ext **ext, struct err *err)
{
	struct ext_parser p = {.btf = btf, .err = err, .size = (u32)size};
	int ret;

	if (size > INT_MAX)
		return err_set(err, -E2BIG, "%zu bytes are too many", size);
	p.ext = mem_zalloc(mem, sizeof(*p.ext));
	if (!p.ext)
		return err_set(err, -ENOMEM, "out of memory");
	arena_init(&p.ext->arena, mem);
	ret = parse(&p, data);
	if (ret)
		btf_ext_free(p.ext);
	else
		*ext = p.ext;
	return ret;
}

void btf_ext_free(struct btf_ext *ext)
{
	const struct mem *mem;

	if (!ext)
		return;
	mem = ext->arena.mem;
	vec_free(&ext->func_info, mem);
	vec_free(&ext->line_info, mem);
	vec_free(&ext->core_relo, mem);
	arena_free(&ext->arena);
	mem_free(mem, ext);
}
