/* cleanup.h - automatic release of locals. Pure.
 *
 *     AUTO(buffer_done) struct buffer b = {0};
 *     AUTO_PTR(job_free) struct job *job = job_new();
 *     ...
 *     *ret_job = STEAL(job);
 */
#ifndef BATON_CLEANUP_H
#define BATON_CLEANUP_H

#include <stdlib.h>

/* For objects released in place by `void x_done(struct x *)`. */
#define AUTO(done) __attribute__((cleanup(done)))

/* For pointers released by `void x_free(struct x *)`: declare once per type with
 * CLEANUP_FREE(struct x, x_free), then write AUTO_PTR(x_free). */
#define CLEANUP_FREE(type, free_function)                                                          \
    static inline __attribute__((unused)) void free_function##_at(type **object)                   \
    {                                                                                              \
        free_function(*object);                                                                    \
    }
#define AUTO_PTR(free_function) __attribute__((cleanup(free_function##_at)))

/* For plain heap memory. */
static inline __attribute__((unused)) void cleanup_heap(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}
#define AUTO_HEAP __attribute__((cleanup(cleanup_heap)))

/* Take the value out of an automatic local, which then releases nothing. */
#define STEAL(pointer)                                                                             \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#endif
