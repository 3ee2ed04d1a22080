/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A red-black tree of nodes that are part of what they hold (Cormen, Leiserson,
 * Rivest, Stein, chapter 13). The least node is known at all times. Node and
 * root have the sizes of Linux's, and zeros are an empty root.
 */
#ifndef ANYBPF_BASE_RBTREE_H
#define ANYBPF_BASE_RBTREE_H

#include "base/types.h"

enum rb_side { RB_LEFT, RB_RIGHT };

struct rb_node {
	uintptr_t up; /* the parent's address; bit 0: black */
	struct rb_node *child[2];
};

struct rb_root {
	struct rb_node *top, *least;
};

/*
 * The node becomes the child of @parent (NULL: the root's) on a side where it
 * has none; in the order of the tree that is next to the parent.
 */
void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
	       enum rb_side side);
void rb_erase(struct rb_root *root, struct rb_node *node);
/* In order; NULL after the last. */
struct rb_node *rb_next(const struct rb_node *node);

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->up & ~(uintptr_t)1);
}

#endif
