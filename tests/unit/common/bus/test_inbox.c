#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bus/inbox.h"

enum { PUSHERS = 3, EACH = 4 * INBOX_ITEMS_MAX };

struct reader {
    uv_loop_t loop;
    uv_async_t wake;
    struct inbox inbox;
    struct inbox_item *spare;
    size_t count;
    size_t largest;
    uintptr_t next[PUSHERS]; /* expected from each pusher */
    size_t close_at;         /* close once so many came; 0: never */
    bool closed;
};

struct pusher {
    struct reader *reader;
    uint64_t number;
    size_t accepted;
};

static void reader_close(struct reader *reader)
{
    reader->closed = true;
    inbox_close(&reader->inbox);
    uv_close((uv_handle_t *)&reader->wake, NULL);
}

static void reader_woken(uv_async_t *wake)
{
    struct reader *reader = (struct reader *)wake->data;
    size_t count = inbox_take(&reader->inbox, &reader->spare);
    if (count > reader->largest)
        reader->largest = count;
    for (size_t i = 0; i < count; i++) {
        struct inbox_item item = reader->spare[i];
        assert_int_equal((uintptr_t)item.message, reader->next[item.subscription]);
        reader->next[item.subscription]++;
    }
    reader->count += count;
    if (!reader->closed && reader->count >= reader->close_at)
        reader_close(reader);
}

static void pusher_run(void *ctx)
{
    struct pusher *pusher = (struct pusher *)ctx;
    for (uintptr_t i = 0; i < EACH; i++) {
        struct inbox_item item = {pusher->number, (void *)i};
        if (!inbox_push(&pusher->reader->inbox, item))
            return;
        pusher->accepted++;
    }
}

static void run(struct reader *reader, struct pusher pushers[PUSHERS])
{
    uv_thread_t threads[PUSHERS];
    assert_int_equal(uv_loop_init(&reader->loop), 0);
    assert_int_equal(uv_async_init(&reader->loop, &reader->wake, reader_woken), 0);
    reader->wake.data = reader;
    reader->spare = (struct inbox_item *)calloc(INBOX_ITEMS_MAX, sizeof(*reader->spare));
    assert_non_null(reader->spare);
    assert_int_equal(inbox_init(&reader->inbox, &reader->wake), STATUS_OK);
    for (uint64_t i = 0; i < PUSHERS; i++) {
        pushers[i] = (struct pusher){.reader = reader, .number = i};
        assert_int_equal(uv_thread_create(&threads[i], pusher_run, &pushers[i]), 0);
    }
    assert_int_equal(uv_run(&reader->loop, UV_RUN_DEFAULT), 0);
    for (size_t i = 0; i < PUSHERS; i++)
        assert_int_equal(uv_thread_join(&threads[i]), 0);
    assert_int_equal(uv_loop_close(&reader->loop), 0);
    inbox_done(&reader->inbox);
    free(reader->spare);
}

static void everything_pushed_by_many_threads_arrives_once_and_in_each_ones_order(void **state)
{
    (void)state;
    static struct reader reader;
    struct pusher pushers[PUSHERS];
    reader = (struct reader){.close_at = (size_t)PUSHERS * EACH};
    run(&reader, pushers);
    assert_int_equal(reader.count, PUSHERS * EACH);
    assert_true(reader.largest <= INBOX_ITEMS_MAX);
}

static void closing_lets_waiting_threads_go_and_refuses_their_items(void **state)
{
    (void)state;
    static struct reader reader;
    struct pusher pushers[PUSHERS];
    reader = (struct reader){.close_at = 1};
    run(&reader, pushers);
    for (size_t i = 0; i < PUSHERS; i++)
        assert_true(pushers[i].accepted < EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_pushed_by_many_threads_arrives_once_and_in_each_ones_order),
        cmocka_unit_test(closing_lets_waiting_threads_go_and_refuses_their_items),
    };
    return cmocka_run_group_tests_name("bus: inbox", tests, NULL, NULL);
}
