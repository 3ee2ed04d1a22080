/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "btf/btf.h"
#include "entries.h"
#include "map/map.h"
#include "ringbuf.h"

/* More entries than this are counted rather than printed; JSON has all. */
#define MAX_TEXT_ENTRIES 256

static const struct btf *btf_of(const struct anybpf_map *map)
{
	return map->object->spec->btf;
}

static bool is_zero(const u8 *p, size_t size)
{
	while (size--)
		if (*p++)
			return false;
	return true;
}

/* A value without type: a number where it has the size of one, else bytes. */
static void print_untyped(const u8 *data, size_t size, bool json, struct buf *out)
{
	u64 number = 0;

	if (size == 1 || size == 2 || size == 4 || size == 8) {
		memcpy((u8 *)&number + (HOST_BIG_ENDIAN ? 8 - size : 0), data, size);
		buf_printf(out, "%llu", (unsigned long long)number);
		return;
	}
	if (json)
		buf_putc(out, '"');
	for (size_t i = 0; i < size; i++)
		buf_printf(out, "%s%02x", i ? " " : "", data[i]);
	if (json)
		buf_putc(out, '"');
}

static int print_value(const struct btf *btf, u32 type_id, const u8 *data, size_t size, bool json,
		       struct buf *out)
{
	const struct btf_value_options opts = {
		.json = json,
		.compact = true,
	};

	if (!btf || !type_id) {
		print_untyped(data, size, json, out);
		return 0;
	}
	return btf_print_value(btf, type_id, data, size, &opts, out);
}

/* ---- per-CPU values ---- */

/* Adds an integer of any size in place, wrapping as the program's own would. */
static void add_int(u8 *sum, const u8 *data, u32 size)
{
	u64 a = 0, b = 0;
	u32 skip = HOST_BIG_ENDIAN ? 8 - size : 0;

	memcpy((u8 *)&a + skip, sum, size);
	memcpy((u8 *)&b + skip, data, size);
	a += b;
	memcpy(sum, (u8 *)&a + skip, size);
}

/* Adds a value to a sum; false when its type is not made of plain integers. */
static bool add_value(const struct btf *btf, u32 id, u8 *sum, const u8 *data)
{
	const struct btf_type *t = btf_skip_mods(btf, id, &id);
	const struct btf_member *members = btf_tail(t);
	const struct btf_array *array = btf_tail(t);
	s64 size;

	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		if (t->size > 8 || btf_int_encoding(t) & (BTF_INT_CHAR | BTF_INT_BOOL))
			return false;
		add_int(sum, data, t->size);
		return true;
	case BTF_KIND_STRUCT:
		for (u32 i = 0; i < btf_vlen(t); i++) {
			u32 off = btf_member_bit_offset(t, i);

			if (btf_member_bitfield_size(t, i) || off % 8 ||
			    !add_value(btf, members[i].type, sum + off / 8, data + off / 8))
				return false;
		}
		return true;
	case BTF_KIND_ARRAY:
		size = btf_size(btf, array->type);
		for (u32 i = 0; size > 0 && i < array->nelems; i++)
			if (!add_value(btf, array->type, sum + (size_t)size * i,
				       data + (size_t)size * i))
				return false;
		return size > 0;
	default:
		return false;
	}
}

/* The sum over all CPUs in a buffer of one copy's size; false when there is no such thing. */
static bool sum_copies(const struct anybpf_map *map, const u8 *copies, u8 *sum)
{
	u32 size = anybpf_map_value_size(map), stride = (u32)ROUND_UP(size, 8);
	const struct btf *btf = btf_of(map);
	u32 type = map->spec->btf_value_type_id;

	memset(sum, 0, size);
	for (u32 cpu = 0; cpu < anybpf_nr_cpus(map->object->ctx); cpu++) {
		const u8 *copy = copies + (size_t)cpu * stride;

		if (btf && type) {
			if (btf_size(btf, type) != size || !add_value(btf, type, sum, copy))
				return false;
		} else if (size == 1 || size == 2 || size == 4 || size == 8) {
			add_int(sum, copy, size);
		} else {
			return false;
		}
	}
	return true;
}

/* "sum" where values add up, else each copy that is not zero. */
static int print_copies_text(const struct anybpf_map *map, const u8 *copies, struct buf *out)
{
	u32 size = anybpf_map_value_size(map), stride = (u32)ROUND_UP(size, 8);
	const struct btf *btf = btf_of(map);
	u32 type = map->spec->btf_value_type_id, shown = 0;
	u8 *sum = malloc(size);
	int ret = sum ? 0 : -ENOMEM;

	if (sum && sum_copies(map, copies, sum)) {
		ret = print_value(btf, type, sum, size, false, out);
		goto out;
	}
	for (u32 cpu = 0; cpu < anybpf_nr_cpus(map->object->ctx) && !ret; cpu++) {
		const u8 *copy = copies + (size_t)cpu * stride;

		if (is_zero(copy, size))
			continue;
		buf_printf(out, "%scpu%u ", shown++ ? ", " : "", cpu);
		ret = print_value(btf, type, copy, size, false, out);
	}
out:
	free(sum);
	return ret;
}

static int print_copies_json(const struct anybpf_map *map, const u8 *copies, struct json *json)
{
	u32 size = anybpf_map_value_size(map), stride = (u32)ROUND_UP(size, 8);
	int ret = 0;

	json_open(json, "values", '[');
	for (u32 cpu = 0; cpu < anybpf_nr_cpus(map->object->ctx) && !ret; cpu++) {
		json_open(json, NULL, '{');
		json_u64(json, "cpu", cpu);
		json_raw(json, "value", "");
		ret = print_value(btf_of(map), map->spec->btf_value_type_id,
				  copies + (size_t)cpu * stride, size, true, json->out);
		json_close(json, '}');
	}
	json_close(json, ']');
	return ret;
}

/* ---- entries ---- */

static int print_entry_text(const struct anybpf_map *map, const struct entries *e, size_t i,
			    struct buf *out)
{
	int ret;

	buf_puts(out, "    ");
	ret = print_value(btf_of(map), map->spec->btf_key_type_id, entry_key(e, i), e->key_size,
			  false, out);
	buf_puts(out, ": ");
	if (!ret && map_is_per_cpu(map))
		ret = print_copies_text(map, entry_value(e, i), out);
	else if (!ret)
		ret = print_value(btf_of(map), map->spec->btf_value_type_id, entry_value(e, i),
				  e->value_size, false, out);
	buf_putc(out, '\n');
	return ret;
}

static bool is_array(const struct anybpf_map *map)
{
	u32 type = anybpf_map_type(map);

	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static int print_entries_text(const struct anybpf_map *map, const struct entries *e,
			      struct buf *out)
{
	size_t zero = 0, shown = 0, more = 0;
	int ret = 0;

	for (size_t i = 0; i < e->cnt && !ret; i++) {
		/* An array has all of its entries from the start. */
		if (is_array(map) && is_zero(entry_value(e, i), e->value_size))
			zero++;
		else if (shown == MAX_TEXT_ENTRIES)
			more++;
		else if (shown++, (ret = print_entry_text(map, e, i, out)))
			break;
	}
	if (more)
		buf_printf(out, "    ... and %zu more; --json has all\n", more);
	if (zero)
		buf_printf(out, "    (%zu %s zero)\n", zero,
			   zero == 1 ? "entry is" : "entries are");
	if (!e->cnt)
		buf_puts(out, "    (empty)\n");
	return ret;
}

static int print_entries_json(const struct anybpf_map *map, const struct entries *e,
			      struct json *json)
{
	int ret = 0;

	json_open(json, "entries", '[');
	for (size_t i = 0; i < e->cnt && !ret; i++) {
		json_open(json, NULL, '{');
		json_raw(json, "key", "");
		ret = print_value(btf_of(map), map->spec->btf_key_type_id, entry_key(e, i),
				  e->key_size, true, json->out);
		if (!ret && map_is_per_cpu(map)) {
			ret = print_copies_json(map, entry_value(e, i), json);
		} else if (!ret) {
			json_raw(json, "value", "");
			ret = print_value(btf_of(map), map->spec->btf_value_type_id,
					  entry_value(e, i), e->value_size, true, json->out);
		}
		json_close(json, '}');
	}
	json_close(json, ']');
	return ret;
}

/* ---- global variables ---- */

/* Calls back for each variable of a data map that has a type. */
static int each_variable(const struct anybpf_map *map, const u8 *data, bool json,
			 void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	const struct btf *btf = btf_of(map);
	const struct btf_type *section = btf_type_by_id(btf, map->spec->datasec_id);
	const struct btf_var_secinfo *vars = btf_tail(section);
	u32 value_size = anybpf_map_value_size(map);
	struct buf text;
	int ret = 0;

	buf_init(&text, &mem_libc);
	for (u32 i = 0; i < btf_vlen(section) && !ret; i++) {
		const struct btf_type *var = btf_type_by_id(btf, vars[i].type);

		if (vars[i].offset > value_size || vars[i].size > value_size - vars[i].offset)
			continue;
		buf_reset(&text);
		ret = print_value(btf, var->type, data + vars[i].offset, vars[i].size, json, &text);
		if (!ret)
			fn(arg, btf_name(btf, var), buf_str(&text));
	}
	if (!ret)
		ret = buf_error(&text);
	buf_free(&text);
	return ret;
}

static void variable_text(void *arg, const char *name, const char *value)
{
	buf_printf(arg, "    %s = %s\n", name, value);
}

static void variable_json(void *arg, const char *name, const char *value)
{
	json_raw(arg, name, value);
}

static bool has_variables(const struct anybpf_map *map)
{
	return map->spec->data != DATA_NONE && map->spec->datasec_id && btf_of(map);
}

/* ---- ring buffers ---- */

/* Records have no type: their first bytes, and how many there are. */
#define MAX_TEXT_RECORDS 16
#define MAX_RECORD_BYTES 32

struct record_list {
	struct buf *out;
	struct json *json;
	u64 records, bytes;
};

static void record_text(void *arg, struct ring_record record)
{
	struct record_list *list = arg;
	u32 show = record.size < MAX_RECORD_BYTES ? record.size : MAX_RECORD_BYTES;

	list->bytes += record.size;
	if (list->records++ >= MAX_TEXT_RECORDS)
		return;
	buf_printf(list->out, "    %u bytes:", record.size);
	for (u32 i = 0; i < show; i++)
		buf_printf(list->out, " %02x", record.data[i]);
	buf_puts(list->out, show < record.size ? " ...\n" : "\n");
}

static int print_records_text(const struct anybpf_map *map, struct buf *out, struct err *err)
{
	struct record_list list = {.out = out};
	u64 count;
	int ret = ring_each(map, record_text, &list, &count, err);

	if (ret)
		return ret;
	if (count > MAX_TEXT_RECORDS)
		buf_printf(out, "    ... and %llu more; --json has all\n",
			   (unsigned long long)(count - MAX_TEXT_RECORDS));
	buf_printf(out, "    (%llu %s, %llu bytes)\n", (unsigned long long)count,
		   count == 1 ? "record" : "records", (unsigned long long)list.bytes);
	return 0;
}

static void record_json(void *arg, struct ring_record record)
{
	struct record_list *list = arg;
	struct buf hex;

	buf_init(&hex, &mem_libc);
	for (u32 i = 0; i < record.size; i++)
		buf_printf(&hex, "%02x", record.data[i]);
	json_string(list->json, NULL, buf_str(&hex));
	buf_free(&hex);
}

static int print_records_json(const struct anybpf_map *map, struct json *json, struct err *err)
{
	struct record_list list = {.json = json};
	u64 count;
	int ret;

	json_open(json, "records", '[');
	ret = ring_each(map, record_json, &list, &count, err);
	json_close(json, ']');
	return ret;
}

/* ---- maps ---- */

static bool is_shown(const struct anybpf_map *map)
{
	return anybpf_map_fd(map) >= 0 && map->spec->data != DATA_RODATA &&
	       map->spec->data != DATA_KCONFIG;
}

static int print_contents_text(const struct anybpf_map *map, struct buf *out, struct err *err)
{
	struct entries e;
	int ret;

	if (anybpf_map_type(map) == BPF_MAP_TYPE_RINGBUF)
		return print_records_text(map, out, err);
	if (!map_has_entries(map))
		return 0;
	ret = entries_read(map, &e, err);
	if (ret)
		return ret;
	if (has_variables(map) && e.cnt)
		ret = each_variable(map, entry_value(&e, 0), false, variable_text, out);
	else
		ret = print_entries_text(map, &e, out);
	entries_free(&e);
	return ret;
}

int maps_print_text(struct anybpf_object *object, struct buf *out, struct err *err)
{
	struct anybpf_map *map = NULL;
	int ret = 0;

	while (!ret && (map = anybpf_object_next_map(object, map))) {
		const char *type = map_type_name(anybpf_map_type(map));

		if (!is_shown(map))
			continue;
		buf_printf(out, "  %s (%s", anybpf_map_name(map), type ? type : "unknown type");
		if (anybpf_map_type(map) == BPF_MAP_TYPE_RINGBUF)
			buf_printf(out, ", %u bytes", anybpf_map_max_entries(map));
		else if (map->spec->data == DATA_NONE)
			buf_printf(out, ", at most %u entries", anybpf_map_max_entries(map));
		buf_puts(out, ")\n");
		ret = print_contents_text(map, out, err);
	}
	return ret;
}

static int print_contents_json(const struct anybpf_map *map, struct json *json, struct err *err)
{
	struct entries e;
	int ret;

	if (anybpf_map_type(map) == BPF_MAP_TYPE_RINGBUF)
		return print_records_json(map, json, err);
	if (!map_has_entries(map))
		return 0;
	ret = entries_read(map, &e, err);
	if (ret)
		return ret;
	if (has_variables(map) && e.cnt) {
		json_open(json, "variables", '{');
		ret = each_variable(map, entry_value(&e, 0), true, variable_json, json);
		json_close(json, '}');
	} else {
		ret = print_entries_json(map, &e, json);
	}
	entries_free(&e);
	return ret;
}

int maps_print_json(struct anybpf_object *object, struct json *json, struct err *err)
{
	struct anybpf_map *map = NULL;
	int ret = 0;

	json_open(json, "maps", '[');
	while (!ret && (map = anybpf_object_next_map(object, map))) {
		const char *type = map_type_name(anybpf_map_type(map));

		if (!is_shown(map))
			continue;
		json_open(json, NULL, '{');
		json_string(json, "name", anybpf_map_name(map));
		json_string(json, "type", type ? type : "unknown");
		json_u64(json, "key_size", anybpf_map_key_size(map));
		json_u64(json, "value_size", anybpf_map_value_size(map));
		json_u64(json, "max_entries", anybpf_map_max_entries(map));
		ret = print_contents_json(map, json, err);
		json_close(json, '}');
	}
	json_close(json, ']');
	return ret;
}
