/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps whose key and value are described by BTF, here and in Linux: which
 * types are taken, and values with a bpf_spin_lock.
 */
#include "sides.h"

#include "object/btf_object.h"
#include "tap.h"

#define MAX_BYTES 4096

/* BTF as one writes it down: types get ids from 1 on. */
static struct {
	u32 types[MAX_BYTES / 4];
	u32 n; /* words */
	char names[MAX_BYTES];
	u32 names_len;
	u32 ids;
} blob = {.names_len = 1};

static u32 name(const char *text)
{
	u32 at = blob.names_len;

	memcpy(blob.names + at, text, strlen(text) + 1);
	blob.names_len += (u32)strlen(text) + 1;
	return at;
}

static void word(u32 w)
{
	blob.types[blob.n++] = w;
}

static u32 type(const char *text, enum btf_kind kind, u32 vlen, u32 size_or_type)
{
	word(text ? name(text) : 0);
	word((u32)kind << 24 | vlen);
	word(size_or_type);
	return ++blob.ids;
}

static u32 int_type(const char *text, u32 size)
{
	u32 id = type(text, BTF_KIND_INT, 0, size);

	word(size * 8);
	return id;
}

static u32 array_type(u32 elem, u32 index, u32 n)
{
	u32 id = type(NULL, BTF_KIND_ARRAY, 0, 0);

	word(elem);
	word(index);
	word(n);
	return id;
}

static void member(const char *text, u32 id, u32 byte)
{
	word(name(text));
	word(id);
	word(byte * 8);
}

static struct {
	u32 u8, u32, u64, pointer;
	u32 const_u32, typedef_u32, two_u32;
	u32 lock, timer;		    /* structs that are members */
	u32 pair;			    /* { u32; u32 } */
	u32 locked, nested;		    /* { u32 cnt; lock; u64 }, { u64; struct locked } */
	u32 timed;			    /* { timer; u64 } */
	u32 in_union;			    /* { union { lock; u32 } } */
	u32 section, locked_section, twice; /* of u64, struct locked, two locks */
} id;

static void make_values(void)
{
	u32 u;

	id.pair = type("pair", BTF_KIND_STRUCT, 2, 8);
	member("a", id.u32, 0);
	member("b", id.u32, 4);
	id.locked = type("locked", BTF_KIND_STRUCT, 3, 16);
	member("cnt", id.u32, 0);
	member("lock", id.lock, 4);
	member("sum", id.u64, 8);
	id.nested = type("nested", BTF_KIND_STRUCT, 2, 24);
	member("first", id.u64, 0);
	member("inner", id.locked, 8);
	id.timed = type("timed", BTF_KIND_STRUCT, 2, 24);
	member("timer", id.timer, 0);
	member("n", id.u64, 16);
	u = type("either", BTF_KIND_UNION, 2, 4);
	member("lock", id.lock, 0);
	member("n", id.u32, 0);
	id.in_union = type("in_union", BTF_KIND_STRUCT, 1, 4);
	member("u", u, 0);
}

static u32 variable(const char *text, u32 var_type)
{
	u32 var = type(text, BTF_KIND_VAR, 0, var_type);

	word(1); /* global */
	return var;
}

/* A section with one variable, or two of them in a row. */
static u32 section(const char *text, u32 var, u32 var2, u32 size)
{
	u32 sec = type(text, BTF_KIND_DATASEC, var2 ? 2 : 1, size * (var2 ? 2 : 1));

	word(var);
	word(0);
	word(size);
	if (!var2)
		return sec;
	word(var2);
	word(size);
	word(size);
	return sec;
}

static void make_types(void)
{
	u32 opaque, counter, guarded, lock_a, lock_b;

	id.u8 = int_type("u8", 1);
	id.u32 = int_type("u32", 4);
	id.u64 = int_type("u64", 8);
	id.pointer = type(NULL, BTF_KIND_PTR, 0, id.u32);
	id.const_u32 = type(NULL, BTF_KIND_CONST, 0, id.u32);
	id.typedef_u32 = type("mine", BTF_KIND_TYPEDEF, 0, id.const_u32);
	id.two_u32 = array_type(id.u32, id.u32, 2);
	opaque = array_type(id.u64, id.u32, 2);
	id.lock = type("bpf_spin_lock", BTF_KIND_STRUCT, 1, 4);
	member("val", id.u32, 0);
	id.timer = type("bpf_timer", BTF_KIND_STRUCT, 1, 16);
	member("opaque", opaque, 0);
	make_values();
	counter = variable("counter", id.u64);
	guarded = variable("guarded", id.locked);
	lock_a = variable("lock_a", id.lock);
	lock_b = variable("lock_b", id.lock);
	id.section = section(".bss", counter, 0, 8);
	id.locked_section = section(".data.A", guarded, 0, 16);
	id.twice = section(".data.B", lock_a, lock_b, 4);
}

static u32 finish(u8 *out)
{
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = blob.n * 4,
		.str_off = blob.n * 4,
		.str_len = blob.names_len,
	};

	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), blob.types, header.type_len);
	memcpy(out + sizeof(header) + header.type_len, blob.names, blob.names_len);
	return (u32)sizeof(header) + header.type_len + header.str_len;
}

/* What must come of a map with these types, here and in Linux. */
struct expectation {
	const char *name;
	u32 type, key_size, value_size, entries, flags;
	const u32 *key_id, *value_id;
	int result;
};

static const u32 none, beyond = 9999;

static const struct expectation expectations[] = {
	{"plain integers", BPF_MAP_TYPE_HASH, 4, 8, 2, 0, &id.u32, &id.u64, 0},
	{"key size", BPF_MAP_TYPE_HASH, 8, 8, 2, 0, &id.u32, &id.u64, -EINVAL},
	{"value size", BPF_MAP_TYPE_HASH, 4, 4, 2, 0, &id.u32, &id.u64, -EINVAL},
	{"pointer as value", BPF_MAP_TYPE_HASH, 4, 8, 2, 0, &id.u32, &id.pointer, 0},
	{"array as key", BPF_MAP_TYPE_HASH, 8, 8, 2, 0, &id.two_u32, &id.pair, 0},
	{"structure as key", BPF_MAP_TYPE_LRU_HASH, 8, 4, 2, 0, &id.pair, &id.u32, 0},
	{"no key type", BPF_MAP_TYPE_HASH, 4, 8, 2, 0, &none, &id.u64, -EINVAL},
	{"no value type", BPF_MAP_TYPE_HASH, 4, 8, 2, 0, &id.u32, &none, -EINVAL},
	{"no such type", BPF_MAP_TYPE_HASH, 4, 8, 2, 0, &beyond, &id.u64, -EINVAL},
	{"no such value type", BPF_MAP_TYPE_HASH, 4, 8, 2, 0, &id.u32, &beyond, -EINVAL},
	{"index through typedef and const", BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0, &id.typedef_u32,
	 &id.u64, 0},
	{"index of 4 bytes, no integer", BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0, &id.in_union, &id.u64,
	 -EINVAL},
	{"section as value", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, &none, &id.section, 0},
	{"section in an array of two", BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0, &none, &id.section, -EINVAL},
	{"no key type, no section", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, &none, &id.u64, -EINVAL},
	{"section in a percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0, &none, &id.section,
	 -EINVAL},
	{"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0, &id.u32, &id.pair, 0},
	{"prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0, &id.u32, &id.u32, 0},
	{"perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1, 0, &id.u32, &id.u32,
	 -ENOTSUPP},
	{"ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, &id.u32, &id.u32, -EINVAL},
	{"lock in a hash", BPF_MAP_TYPE_HASH, 4, 16, 2, 0, &id.u32, &id.locked, 0},
	{"lock in an array", BPF_MAP_TYPE_ARRAY, 4, 16, 2, 0, &id.u32, &id.locked, 0},
	{"lock further in", BPF_MAP_TYPE_ARRAY, 4, 24, 2, 0, &id.u32, &id.nested, 0},
	{"lock in a section", BPF_MAP_TYPE_ARRAY, 4, 16, 1, 0, &none, &id.locked_section, 0},
	{"lock in an lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 16, 2, 0, &id.u32, &id.locked,
	 -EOPNOTSUPP},
	{"lock in a percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 2, 0, &id.u32, &id.locked,
	 -EOPNOTSUPP},
	{"lock that programs cannot take", BPF_MAP_TYPE_HASH, 4, 16, 2, BPF_F_RDONLY_PROG, &id.u32,
	 &id.locked, -EACCES},
	{"lock in a union is none", BPF_MAP_TYPE_LRU_HASH, 4, 4, 2, 0, &id.u32, &id.in_union, 0},
	{"lock as the whole value is none", BPF_MAP_TYPE_LRU_HASH, 4, 4, 2, 0, &id.u32, &id.lock,
	 0},
	{"two locks are none", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, &none, &id.twice, 0},
	{"timer", BPF_MAP_TYPE_HASH, 4, 24, 2, 0, &id.u32, &id.timed, 0},
};

struct with_btf {
	struct side side;
	struct btf_object *btf;
	int btf_fd;
};

static int create(struct with_btf *s, const struct expectation *e)
{
	union bpf_attr attr = {
		.map_type = e->type,
		.key_size = e->key_size,
		.value_size = e->value_size,
		.max_entries = e->entries,
		.map_flags = e->flags,
		.btf_fd = (u32)s->btf_fd,
		.btf_key_type_id = *e->key_id,
		.btf_value_type_id = *e->value_id,
	};
	struct err err = {0};
	int ret;

	if (!s->side.host)
		return side_create(&s->side, &attr);
	ret = map_create(s->side.host, &attr, s->btf, &s->side.map, &err);
	if (ret && (err.code != ret || !err.text[0]))
		tap_fail("no text for %d", ret);
	return ret;
}

static void check_creation(struct with_btf *s)
{
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(expectations); i++) {
		const struct expectation *e = &expectations[i];

		snprintf(text, sizeof(text), "%s: %s", s->side.name, e->name);
		tap_begin(text);
		check_eq(create(s, e), e->result);
		tap_end();
		side_close(&s->side);
	}
}

struct locked {
	u32 cnt, lock;
	u64 sum;
};

/* The lock is nobody's to copy: it reads as 0 and stays what it is. */
static void check_lock_of(struct with_btf *s, u32 map_type)
{
	const struct expectation e = {"", map_type, 4, 16, 2, 0, &id.u32, &id.locked, 0};
	struct locked v = {1, 0x55, 2}, got = {9, 9, 9};
	u32 key = 0, other = 1;
	bool hash = map_type == BPF_MAP_TYPE_HASH;

	check_eq(create(s, &e), 0);
	if (!tap.ok)
		return;
	if (hash)
		check_eq(side_update(&s->side, &key, &v, BPF_EXIST | BPF_F_LOCK), -ENOENT);
	check_eq(side_update(&s->side, &key, &v, BPF_F_LOCK), 0);
	check_eq(side_lookup(&s->side, &key, &got, 0), 0);
	check(got.cnt == 1 && got.lock == 0 && got.sum == 2);
	v = (struct locked){3, 1, 4};
	check_eq(side_update(&s->side, &key, &v, BPF_EXIST | BPF_F_LOCK), 0);
	check_eq(side_update(&s->side, &key, &v, BPF_NOEXIST | BPF_F_LOCK), -EEXIST);
	check_eq(side_lookup(&s->side, &key, &got, BPF_F_LOCK), 0);
	check(got.cnt == 3 && got.lock == 0 && got.sum == 4);
	v = (struct locked){5, 1, 6};
	check_eq(side_update(&s->side, &key, &v, 0), 0);
	/* Had the lock been copied, this would wait for ever. */
	check_eq(side_lookup(&s->side, &key, &got, BPF_F_LOCK), 0);
	check(got.cnt == 5 && got.sum == 6);
	check_eq(side_lookup(&s->side, &other, &got, BPF_F_LOCK), hash ? -ENOENT : 0);
	check_eq(side_take(&s->side, &key, &got, BPF_F_LOCK), hash ? 0 : -ENOTSUPP);
	check_eq(side_freeze(&s->side), -ENOTSUPP);
	side_close(&s->side);
}

static void check_lock(struct with_btf *s)
{
	char text[64];

	snprintf(text, sizeof(text), "%s: copying around a lock in an array", s->side.name);
	tap_begin(text);
	check_lock_of(s, BPF_MAP_TYPE_ARRAY);
	tap_end();
	snprintf(text, sizeof(text), "%s: copying around a lock in a hash", s->side.name);
	tap_begin(text);
	check_lock_of(s, BPF_MAP_TYPE_HASH);
	tap_end();
}

static void fields_in_description(struct with_btf *s)
{
	const struct expectation e = {"", BPF_MAP_TYPE_ARRAY, 4, 24, 2, 0, &id.u32, &id.nested, 0};
	const struct map_desc *desc;

	tap_begin("the description names the lock");
	check_eq(create(s, &e), 0);
	desc = &s->side.map->desc;
	check(desc->fields && desc->fields->mask == BTF_FIELD_SPIN_LOCK);
	check(desc->fields && desc->fields->cnt == 1 && desc->fields->at[0].offset == 12 &&
	      desc->fields->at[0].size == 4);
	check(desc->btf == s->btf->btf && desc->btf_value_type_id == id.nested);
	/* Maps with timers go when no program sees them. */
	host_defer_finish(s->side.host);
	check_eq(s->btf->obj.refs, 2); /* ours and the map's */
	side_close(&s->side);
	check_eq(s->btf->obj.refs, 1);
	tap_end();
}

static void run_here(const u8 *bytes, u32 size)
{
	struct with_btf s = {.side = {.name = "here", .fd = -1}};
	struct err err = {0};
	struct btf *btf = NULL;

	if (host_new(NULL, &s.side.host))
		exit(1);
	tap_begin("BTF");
	check_eq(btf_parse(s.side.host->mem, bytes, size, NULL, &btf, NULL, &err), 0);
	check_eq(btf ? btf_object_new(s.side.host, btf, &s.btf) : -1, 0);
	tap_end();
	if (s.btf) {
		check_creation(&s);
		check_lock(&s);
		fields_in_description(&s);
		object_put(&s.btf->obj);
	}
	host_free(s.side.host);
}

static void run_linux(const u8 *bytes, u32 size)
{
	struct with_btf s = {.side = {.name = "Linux", .fd = -1}};
	union bpf_attr attr = {.btf = ptr_to_u64(bytes), .btf_size = size};

	tap_begin("Linux: BTF");
	if (!kernel_allows_maps())
		tap_skip("the kernel does not allow bpf()");
	else
		s.btf_fd = kernel_bpf(BPF_BTF_LOAD, &attr);
	check(s.btf_fd >= 0);
	tap_end();
	if (s.btf_fd <= 0)
		return;
	check_creation(&s);
	check_lock(&s);
	close(s.btf_fd);
}

int main(void)
{
	static u8 bytes[3 * MAX_BYTES];
	u32 size;

	make_types();
	size = finish(bytes);
	run_here(bytes, size);
	run_linux(bytes, size);
	return tap_done();
}
