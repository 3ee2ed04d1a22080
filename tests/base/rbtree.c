/* SPDX-License-Identifier: BSD-2-Clause */
/* Random insertions and removals against what makes a red-black tree. */
#include "base/rbtree.h"

#include "tap.h"

#define NODES 512

struct item {
	struct rb_node rb;
	u32 key;
	bool in;
};

static struct item items[NODES];
static struct rb_root root;
static u64 state = 1;

static u32 next_random(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33) % n;
}

static struct item *item_of(struct rb_node *node)
{
	return container_of(node, struct item, rb);
}

static void insert(struct item *item)
{
	struct rb_node *at = root.top, *parent = NULL;
	enum rb_side side = RB_LEFT;

	while (at) {
		parent = at;
		side = item->key < item_of(at)->key ? RB_LEFT : RB_RIGHT;
		at = at->child[side];
	}
	rb_insert(&root, &item->rb, parent, side);
	item->in = true;
}

/* Black nodes on each path below, which must be the same on all; -1 when something is wrong. */
static s32 black_height(const struct rb_node *node)
{
	s32 height[2];

	if (!node)
		return 0;
	for (u32 i = 0; i < 2; i++) {
		const struct rb_node *child = node->child[i];

		if (child && (rb_parent(child) != node || (!(node->up & 1) && !(child->up & 1))))
			return -1;
		height[i] = black_height(child);
	}
	if (height[0] < 0 || height[0] != height[1])
		return -1;
	return height[0] + (s32)(node->up & 1);
}

/* All that are in are found in order, from the least. */
static bool in_order(u32 n)
{
	struct rb_node *at = root.least;
	u32 last = 0, seen = 0;

	for (; at; at = rb_next(at), seen++) {
		if (!item_of(at)->in || item_of(at)->key < last)
			return false;
		last = item_of(at)->key;
	}
	return seen == n;
}

static void test_random(void)
{
	u32 n = 0;

	for (u32 i = 0; i < 200000; i++) {
		/* Times of growing and of shrinking. */
		struct item *item = &items[next_random(i / 20000 % 2 ? NODES : NODES / 8)];

		if (item->in) {
			rb_erase(&root, &item->rb);
			item->in = false;
			n--;
		} else {
			item->key = next_random(1000);
			insert(item);
			n++;
		}
		if (i % 64 && n > 8)
			continue;
		if (black_height(root.top) < 0 || (root.top && !(root.top->up & 1)) ||
		    !in_order(n)) {
			tap_fail("after %u changes with %u nodes", i, n);
			return;
		}
	}
	while (root.top) {
		struct rb_node *least = root.least;

		rb_erase(&root, least);
		n--;
	}
	check_eq(n, 0);
	check(!root.least);
}

int main(void)
{
	run_test(test_random);
	return tap_done();
}
