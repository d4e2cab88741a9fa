/* A YAML document as a tree of nodes that know their lines: what settings and policy files are read
 * from.
 *
 * The subset is that of a file people write and review: one document, maps with text keys, lists
 * and scalars. Anchors, aliases, tags and merge keys are refused, so what is read is what is seen;
 * size, depth and width are bounded, so a hostile file costs no more than a long one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/problems.h"

#define TREE_BYTES_MAX (1024 * 1024)
#define TREE_DEPTH_MAX 16
#define TREE_WIDTH_MAX 512 /* entries of one map or list */

enum node_kind {
    NODE_TEXT,
    NODE_LIST,
    NODE_MAP,
};

struct node {
    enum node_kind kind;
    size_t line;
    const char *key;    /* of an entry of a map, else NULL */
    const char *text;   /* TEXT: UTF-8 without control characters; else NULL */
    bool empty;         /* TEXT: nothing stands there, as in "key:" */
    size_t count;       /* LIST, MAP: entries */
    struct node *first; /* entries in file order */
    struct node *next;  /* entry of the same map or list */
};

/* Zero-initialise; tree_release() also after a failure. */
struct tree {
    struct arena arena;
    struct node *root; /* a MAP */
};

/* False if `text` is no such document; the problems say where and why. */
bool tree_parse(const char *name, struct bytes text, struct tree *tree, struct problems *problems);
void tree_release(struct tree *tree);

/* Reads a whole file of at most `size_max` bytes. */
bool file_read(const char *path, size_t size_max, struct buffer *out, struct problems *problems);

/* NULL if absent. */
const struct node *node_find(const struct node *map, const char *key);

/* "a text", "a list", "a map", for problems. */
const char *node_kind_name(const struct node *node);

/* The document in the one layout that is hashed: block style, two spaces, no comments, entries in
 * file order, quotes only where a plain scalar could be misread. Parsing it prints the same bytes
 * again. */
void tree_print(const struct node *root, struct buffer *out);

/* A scalar as it stands in tree_print(). */
void scalar_print(const char *text, struct buffer *out);

#endif
