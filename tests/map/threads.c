/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads at once on one map. Values carry what they belong to, so that one
 * that is torn, mixed or of another key is seen. Run it under the thread
 * sanitizer to see the rest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>

#include "base/bytes.h"
#include "base/sync.h"
#include "map/ringbuf.h"
#include "tap.h"

#define THREADS 4

struct shared {
	struct host *host;
	struct map *map;
	u32 rounds;
	_Atomic u32 next_thread;
	_Atomic u32 wrong;	/* inconsistencies seen */
	_Atomic u64 sum, count; /* what a test makes of them */
	_Atomic bool done;
};

/* Two words that only fit together if they were written together, for this key. */
struct value {
	u64 a, b;
};

static struct value value_for(u32 key, u64 version)
{
	u64 a = (u64)key << 32 | (u32)version;

	return (struct value){a, ~a};
}

static bool belongs(const struct value *v, u32 key)
{
	return v->b == ~v->a && v->a >> 32 == key;
}

static struct host *new_host(u32 cpus)
{
	struct host_options opts;
	struct environment env;
	struct host *host = NULL;

	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = cpus;
	opts.env = &env;
	check_eq(host_new(&opts, &host), 0);
	return host;
}

static struct map *new_map(struct host *host, u32 type, u32 key_size, u32 value_size, u32 entries,
			   u32 flags)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = key_size,
		.value_size = value_size,
		.max_entries = entries,
		.map_flags = flags,
	};
	struct map *map = NULL;

	check_eq(map_create(host, &attr, NULL, &map, NULL), 0);
	return map;
}

static u32 random_below(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((*state >> 33) % below);
}

static void run_threads(struct shared *s, void *(*fn)(void *))
{
	pthread_t thread[THREADS];

	for (u32 i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, fn, s);
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void expect(struct shared *s, bool ok)
{
	if (!ok)
		atomic_fetch_add(&s->wrong, 1);
}

#define KEYS 32

/*
 * Key 0 is always there: a lookup must find it, however elements are moved.
 * The others come and go. Half of the calls are a program's, half user
 * space's.
 */
static void *hammer_hash(void *arg)
{
	struct shared *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);
	u64 state = me + 1;
	bool lru = s->map->desc.type == BPF_MAP_TYPE_LRU_HASH;

	for (u32 i = 0; i < s->rounds; i++) {
		u32 key = random_below(&state, KEYS);
		struct value v = value_for(key, i), got;
		int err;

		switch (random_below(&state, 8)) {
		case 0:
		case 1:
			err = s->map->ops->update(s->map, &key, &v, BPF_ANY, me);
			expect(s, !err || (!lru && err == -E2BIG));
			break;
		case 2:
			err = map_user_update(s->map, &key, &v, BPF_EXIST);
			expect(s, !err || err == -ENOENT);
			break;
		case 3:
			if (!key)
				break;
			err = map_user_delete(s->map, &key);
			expect(s, !err || err == -ENOENT);
			break;
		case 4:
			if (!key)
				break;
			err = map_user_lookup_and_delete(s->map, &key, &got, 0);
			expect(s, err == -ENOENT || (!err && belongs(&got, key)));
			break;
		case 5:
			err = map_user_next_key(s->map, &key, &key);
			expect(s, key < KEYS && (!err || err == -ENOENT));
			break;
		case 6:
			key = 0;
			expect(s, lru || s->map->ops->lookup(s->map, &key, me));
			break;
		default:
			err = map_user_lookup(s->map, &key, &got, 0);
			expect(s, err == -ENOENT || (!err && belongs(&got, key)));
			expect(s, lru || key || !err);
			break;
		}
	}
	return NULL;
}

static u32 count_keys(struct map *map)
{
	u32 n = 0, key;

	for (int err = map_user_next_key(map, NULL, &key); !err && n < 10000;
	     err = map_user_next_key(map, &key, &key))
		n++;
	return n;
}

static void hash_of(u32 type, u32 entries, u32 flags)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 60000};
	struct value v = value_for(0, 0), got;
	u32 key = 0, n, fits = 0;

	s.map = new_map(s.host, type, 4, sizeof(v), entries, flags);
	check_eq(map_user_update(s.map, &key, &v, BPF_ANY), 0);
	run_threads(&s, hammer_hash);
	check_eq(s.wrong, 0);
	n = count_keys(s.map);
	check(n <= s.map->desc.max_entries);
	/* Nothing was lost on the way: once emptied it takes as many as it says. */
	for (key = 0; key < KEYS; key++) {
		int err = map_user_lookup(s.map, &key, &got, 0);

		check(err == -ENOENT || belongs(&got, key));
		if (!err)
			check_eq(map_user_delete(s.map, &key), 0);
	}
	check_eq(count_keys(s.map), 0);
	for (key = 0; key < entries; key++)
		fits += !map_user_update(s.map, &key, &v, BPF_NOEXIST);
	check_eq(fits, entries);
	object_put(&s.map->obj);
	host_free(s.host);
}

static void hash_with_room(void)
{
	hash_of(BPF_MAP_TYPE_HASH, KEYS * 2, 0);
}

static void hash_nearly_full(void)
{
	hash_of(BPF_MAP_TYPE_HASH, KEYS / 2, 0);
}

static void lru_with_room(void)
{
	hash_of(BPF_MAP_TYPE_LRU_HASH, 1024, 0);
}

static void lru_evicting(void)
{
	hash_of(BPF_MAP_TYPE_LRU_HASH, KEYS / 2, 0);
}

static void lru_of_own_lists(void)
{
	hash_of(BPF_MAP_TYPE_LRU_HASH, KEYS / 2, BPF_F_NO_COMMON_LRU);
}

/* Programs on different CPUs count; user space reads sums meanwhile. */
static void *count_percpu(void *arg)
{
	struct shared *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);
	u64 values[THREADS], zero = 0;

	for (u32 i = 0; i < s->rounds; i++) {
		u32 key = i % 8;
		u64 *mine = s->map->ops->lookup(s->map, &key, me);

		if (!mine) {
			s->map->ops->update(s->map, &key, &zero, BPF_NOEXIST, me);
			mine = s->map->ops->lookup(s->map, &key, me);
		}
		if (mine)
			__atomic_store_n(mine, __atomic_load_n(mine, __ATOMIC_RELAXED) + 1,
					 __ATOMIC_RELAXED);
		expect(s, mine);
		if (i % 16 == 0)
			expect(s, !map_user_lookup(s->map, &key, values, 0));
	}
	return NULL;
}

static void percpu_of(u32 type)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 20000};
	u64 values[THREADS], sum = 0;

	s.map = new_map(s.host, type, 4, 8, 8, 0);
	run_threads(&s, count_percpu);
	for (u32 key = 0; key < 8; key++) {
		check_eq(map_user_lookup(s.map, &key, values, 0), 0);
		for (u32 i = 0; i < THREADS; i++)
			sum += values[i];
	}
	check_eq(s.wrong, 0);
	/* A new key starts at zero on the CPUs that do not create it. */
	if (type == BPF_MAP_TYPE_PERCPU_ARRAY)
		check_eq(sum, THREADS * s.rounds);
	else
		check(sum <= THREADS * s.rounds && sum >= THREADS * s.rounds - 64);
	object_put(&s.map->obj);
	host_free(s.host);
}

static void percpu_array(void)
{
	percpu_of(BPF_MAP_TYPE_PERCPU_ARRAY);
}

static void percpu_hash(void)
{
	percpu_of(BPF_MAP_TYPE_PERCPU_HASH);
}

static void *hammer_array(void *arg)
{
	struct shared *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);

	for (u32 i = 0; i < s->rounds; i++) {
		u32 key = i % 4;
		u64 v = (u64)key << 32 | i, got;
		u64 *shared = s->map->ops->lookup(s->map, &key, me);

		if (i % 3)
			expect(s, !s->map->ops->update(s->map, &key, &v, BPF_ANY, me));
		else
			__atomic_store_n(shared, v, __ATOMIC_RELAXED);
		expect(s, !map_user_lookup(s->map, &key, &got, 0));
		expect(s, got >> 32 == key);
	}
	return NULL;
}

static void array(void)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 50000};
	u64 v;

	s.map = new_map(s.host, BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0);
	for (u32 key = 0; key < 4; key++) {
		v = (u64)key << 32;
		check_eq(map_user_update(s.map, &key, &v, 0), 0);
	}
	run_threads(&s, hammer_array);
	check_eq(s.wrong, 0);
	object_put(&s.map->obj);
	host_free(s.host);
}

/* Iterating and changing at once: each call of the callback sees a key and its value. */
static long check_each(void *arg, void *key, void *value)
{
	struct shared *s = arg;
	u32 k;

	sync_copy_from_shared(&k, key, sizeof(k));
	expect(s, k < KEYS && value);
	return 0;
}

static void *iterate_hash(void *arg)
{
	struct shared *s = arg;

	if (atomic_load(&s->next_thread) < 2)
		return hammer_hash(arg);
	for (u32 i = 0; i < s->rounds / 100; i++)
		expect(s, s->map->ops->for_each(s->map, 0, check_each, s) >= 0);
	return NULL;
}

static void for_each_while_changing(void)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 50000};
	struct value v = value_for(0, 0);
	u32 key = 0;

	s.map = new_map(s.host, BPF_MAP_TYPE_HASH, 4, sizeof(v), KEYS, 0);
	check_eq(map_user_update(s.map, &key, &v, BPF_ANY), 0);
	run_threads(&s, iterate_hash);
	check_eq(s.wrong, 0);
	object_put(&s.map->obj);
	host_free(s.host);
}

/* ---- ring buffer ---- */

struct message {
	u32 thread, number;
	u64 fill[]; /* each word is the number */
};

static u32 fill_words(u32 number)
{
	return number % 40;
}

static void *produce(void *arg)
{
	struct shared *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);

	for (u32 i = 0; i < s->rounds;) {
		u32 words = fill_words(i);
		struct message *m = ringbuf_reserve(s->map, sizeof(*m) + words * 8ull);

		if (!m) {
			os_yield();
			continue;
		}
		m->thread = me;
		m->number = i;
		for (u32 w = 0; w < words; w++)
			m->fill[w] = i;
		ringbuf_commit(m, 0, i % 5 == 0);
		i++;
	}
	return NULL;
}

struct consumer {
	struct shared *s;
	u32 last[THREADS];
};

static int check_message(void *arg, const void *data, u32 size)
{
	struct consumer *c = arg;
	const struct message *m = data;
	u32 words = fill_words(m->number);
	bool ok = size == sizeof(*m) + words * 8 && m->thread < THREADS && m->number % 5;

	for (u32 w = 0; ok && w < words; w++)
		ok = m->fill[w] == m->number;
	/* Each producer's records come in its order. */
	if (ok) {
		ok = m->number > c->last[m->thread];
		c->last[m->thread] = m->number;
	}
	expect(c->s, ok);
	atomic_fetch_add(&c->s->count, 1);
	return 0;
}

static void *consume(void *arg)
{
	struct shared *s = arg;
	struct consumer c = {.s = s};
	u64 want = THREADS * (u64)(s->rounds - (s->rounds + 4) / 5);

	while (atomic_load(&s->count) < want) {
		ringbuf_wait(s->map, 1000);
		expect(s, ringbuf_consume(s->map, check_message, &c) >= 0);
	}
	return NULL;
}

static void ringbuf(void)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 20000};
	pthread_t consumer;

	s.map = new_map(s.host, BPF_MAP_TYPE_RINGBUF, 0, 0, 8192, 0);
	pthread_create(&consumer, NULL, consume, &s);
	run_threads(&s, produce);
	pthread_join(consumer, NULL);
	check_eq(s.wrong, 0);
	check_eq(s.count, THREADS * 16000);
	object_put(&s.map->obj);
	host_free(s.host);
}

/* ---- queue and stack ---- */

/* Each thread pushes its numbers and takes as many, whosever they are: none is lost or torn. */
static void *push_and_pop(void *arg)
{
	struct shared *s = arg;
	bool queue = s->map->desc.type == BPF_MAP_TYPE_QUEUE;
	u32 me = atomic_fetch_add(&s->next_thread, 1), last[THREADS] = {0};

	for (u32 i = 1; i <= s->rounds; i++) {
		struct value v = value_for(me, i), got;

		while (s->map->ops->push(s->map, &v, BPF_ANY))
			os_yield();
		while (s->map->ops->pop(s->map, &got))
			os_yield();
		expect(s, got.b == ~got.a && got.a >> 32 < THREADS);
		/* What one thread pushed comes to another in its order, if it is a queue. */
		if (queue && got.a >> 32 < THREADS) {
			expect(s, (u32)got.a > last[got.a >> 32]);
			last[got.a >> 32] = (u32)got.a;
		}
		atomic_fetch_add(&s->sum, (u32)got.a);
	}
	return NULL;
}

static void queue_of_type(u32 type)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 20000};
	struct value v;

	s.map = new_map(s.host, type, 0, sizeof(v), THREADS, 0);
	run_threads(&s, push_and_pop);
	check_eq(s.wrong, 0);
	check_eq(s.sum, THREADS * (u64)s.rounds * (s.rounds + 1) / 2);
	check_eq(s.map->ops->peek(s.map, &v), -ENOENT);
	object_put(&s.map->obj);
	host_free(s.host);
}

static void queue(void)
{
	queue_of_type(BPF_MAP_TYPE_QUEUE);
}

static void stack(void)
{
	queue_of_type(BPF_MAP_TYPE_STACK);
}

/* ---- bloom filter ---- */

static void *push_and_find(void *arg)
{
	struct shared *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);

	for (u32 i = 1; i <= s->rounds; i++) {
		u32 v = i * THREADS + me, earlier = v % i * THREADS + me;

		expect(s, !s->map->ops->push(s->map, &v, BPF_ANY));
		expect(s, !s->map->ops->peek(s->map, &v));
		expect(s, earlier < THREADS || !s->map->ops->peek(s->map, &earlier));
	}
	return NULL;
}

static void bloom_filter(void)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 5000};

	s.map = new_map(s.host, BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, THREADS * s.rounds, 0);
	run_threads(&s, push_and_find);
	check_eq(s.wrong, 0);
	object_put(&s.map->obj);
	host_free(s.host);
}

/* ---- LPM trie ---- */

struct prefix {
	u32 len;
	u8 data[4];
};

#define NETS 6

/*
 * Prefixes of 10.0.N.0/24 come and go above 10.0/16, which is always there; a
 * value says which prefix it is of.
 */
static void *hammer_trie(void *arg)
{
	struct shared *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);
	u64 state = me + 1;

	for (u32 i = 0; i < s->rounds; i++) {
		u32 net = random_below(&state, NETS), len = 22 + random_below(&state, 3);
		u32 code = len << 8 | net;
		struct prefix key = {len, {10, 0, (u8)(net << (24 - len)), 0}}, next;
		struct prefix host = {32, {10, 0, key.data[2], 1}};
		struct value v = value_for(code, i), got;
		int err;

		switch (random_below(&state, 5)) {
		case 0:
		case 1:
			err = s->map->ops->update(s->map, &key, &v, BPF_ANY, me);
			expect(s, !err || err == -ENOSPC);
			break;
		case 2:
			err = map_user_delete(s->map, &key);
			expect(s, !err || err == -ENOENT);
			break;
		case 3:
			expect(s, !map_user_lookup(s->map, &host, &got, 0));
			code = (u32)(got.a >> 32);
			/* The network of that length that the address is in. */
			expect(s, got.b == ~got.a && (code >> 8 == 16 ||
						      (code & 0xff) == (u32)host.data[2] >>
									       (24 - (code >> 8))));
			expect(s, s->map->ops->lookup(s->map, &host, me));
			break;
		default:
			err = map_user_next_key(s->map, &key, &next);
			expect(s, (!err && (next.len == 16 || next.len >= 22)) || err == -ENOENT);
			break;
		}
	}
	return NULL;
}

static void lpm_trie(void)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 20000};
	struct value v = value_for(16 << 8, 0);
	struct prefix key = {16, {10, 0}};

	s.map = new_map(s.host, BPF_MAP_TYPE_LPM_TRIE, 8, sizeof(v), 12, BPF_F_NO_PREALLOC);
	check_eq(map_user_update(s.map, &key, &v, BPF_ANY), 0);
	run_threads(&s, hammer_trie);
	check_eq(s.wrong, 0);
	for (u32 n = 0; n < 12 && !map_user_next_key(s.map, NULL, &key); n++)
		check_eq(map_user_delete(s.map, &key), 0);
	check_eq(map_user_next_key(s.map, NULL, &key), -ENOENT);
	object_put(&s.map->obj);
	host_free(s.host);
}

/* ---- maps of maps ---- */

/* What a program finds under a key is the key's own map, and stays until the run ends. */
static void *look_inside(void *arg)
{
	struct shared *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);
	u64 state = me + 1;

	for (u32 i = 0; i < s->rounds; i++) {
		u32 key = random_below(&state, 4), zero = 0;
		struct map *inner;
		struct run run;
		u32 *value, id;
		int err;

		if (me % 2) {
			run_begin(&run, s->host);
			inner = s->map->ops->lookup(s->map, &key, run.cpu);
			value = inner ? inner->ops->lookup(inner, &zero, run.cpu) : NULL;
			expect(s, !inner || (value && *value == key));
			run_end(&run);
		} else if (random_below(&state, 2)) {
			inner = new_map(s->host, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
			expect(s, !map_user_update(inner, &zero, &key, BPF_ANY));
			id = (u32)handle_open(&inner->obj);
			expect(s, !map_user_update(s->map, &key, &id, BPF_ANY));
			expect(s, !handle_close(s->host, (int)id));
		} else if (random_below(&state, 2)) {
			err = map_user_lookup(s->map, &key, &id, 0);
			expect(s, !err || err == -ENOENT);
		} else {
			err = map_user_delete(s->map, &key);
			expect(s, !err || err == -ENOENT);
		}
	}
	return NULL;
}

static void maps_of_type(u32 type)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 5000};
	struct map *model = new_map(s.host, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	union bpf_attr attr = {
		.map_type = type,
		.key_size = 4,
		.value_size = 4,
		/* Four keys, and an element on its way back for each thread. */
		.max_entries = 4 + THREADS,
	};

	attr.inner_map_fd = (u32)handle_open(&model->obj);
	check_eq(map_create(s.host, &attr, NULL, &s.map, NULL), 0);
	run_threads(&s, look_inside);
	check_eq(s.wrong, 0);
	object_put(&s.map->obj);
	host_free(s.host);
}

static void array_of_maps(void)
{
	maps_of_type(BPF_MAP_TYPE_ARRAY_OF_MAPS);
}

static void hash_of_maps(void)
{
	maps_of_type(BPF_MAP_TYPE_HASH_OF_MAPS);
}

/* ---- perf event array ---- */

static void *produce_perf(void *arg)
{
	struct shared *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);

	for (u32 i = 0; i < s->rounds; i++) {
		u64 a[2] = {me, i}, b[3] = {i, i, i};
		int err = perf_array_output(s->map, me, a, sizeof(a), b, 8 * (i % 4));

		expect(s, !err || err == -ENOSPC);
	}
	return NULL;
}

static int check_perf(void *arg, u32 cpu, const void *data, u32 size)
{
	struct shared *s = arg;
	const u64 *word = data;
	bool ok = size == 16 + 8 * (word[1] % 4) && word[0] == cpu;

	for (u32 i = 2; ok && i < size / 8; i++)
		ok = word[i] == word[1];
	expect(s, ok);
	atomic_fetch_add(&s->count, 1);
	return 0;
}

static void *consume_perf(void *arg)
{
	struct shared *s = arg;
	u64 lost = 0;
	bool last = false;

	for (;;) {
		bool done = atomic_load(&s->done);

		for (u32 cpu = 0; cpu < THREADS; cpu++)
			expect(s, perf_array_consume(s->map, cpu, check_perf, s, &lost) >= 0);
		if (last)
			break;
		last = done;
		perf_array_wait(s->map, 1);
	}
	atomic_store(&s->sum, lost);
	return NULL;
}

static void perf_event_array(void)
{
	struct shared s = {.host = new_host(THREADS), .rounds = 20000};
	pthread_t consumer;

	s.map = new_map(s.host, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, THREADS, 0);
	check_eq(perf_array_output(s.map, 0, "x", 1, NULL, 0), -ENOENT);
	check_eq(perf_array_output(s.map, THREADS, "x", 1, NULL, 0), -E2BIG);
	check_eq(perf_array_open(s.map, 3), -EINVAL);
	check_eq(perf_array_open(s.map, 2), 0);
	check_eq(perf_array_open(s.map, 2), -EBUSY);
	pthread_create(&consumer, NULL, consume_perf, &s);
	run_threads(&s, produce_perf);
	atomic_store(&s.done, true);
	pthread_join(consumer, NULL);
	check_eq(s.wrong, 0);
	check_eq(s.count + s.sum, THREADS * s.rounds);
	object_put(&s.map->obj);
	host_free(s.host);
}

int main(void)
{
	run_test(array);
	run_test(percpu_array);
	run_test(hash_with_room);
	run_test(hash_nearly_full);
	run_test(percpu_hash);
	run_test(lru_with_room);
	run_test(lru_evicting);
	run_test(lru_of_own_lists);
	run_test(for_each_while_changing);
	run_test(ringbuf);
	run_test(queue);
	run_test(stack);
	run_test(bloom_filter);
	run_test(lpm_trie);
	run_test(array_of_maps);
	run_test(hash_of_maps);
	run_test(perf_event_array);
	return tap_done();
}
