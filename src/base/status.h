/* What a failure asks of the caller, and the text that goes with it.
 *
 * Three kinds of errors never mix: our bug is an ASSERT, bad input is a value that goes to the dead
 * letters, and only a failing world is a `status`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
    STATUS_OK,
    STATUS_RETRY, /* nothing happened; the same call may succeed later */
    STATUS_ABORT, /* abort the transaction and replay its input */
    STATUS_FATAL, /* stop: fenced, corrupt store, refused start */
};

/* Owned by the caller, written only on failure. One line: what failed first, the thing in quotes. */
struct error {
    enum status status;
    char text[512];
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(position, first) __attribute__((format(printf, position, first)))

/* Fills `error` (which may be NULL) and returns `status`, so a failing function ends in one line. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The one control-flow macro. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        const enum status try_status = (call);                                                     \
        if (try_status != STATUS_OK) {                                                             \
            return try_status;                                                                     \
        }                                                                                          \
    } while (0)

/* Scope ownership: `OWNED(batch) batch = NULL;` is freed by batch_free() at the end of the scope. */
#define OWNED(type) __attribute__((cleanup(type##_cleanup))) struct type *
#define DEFINE_CLEANUP(type)                                                                       \
    static inline void type##_cleanup(struct type **pointer)                                       \
    {                                                                                              \
        type##_free(*pointer);                                                                     \
    }

#endif
