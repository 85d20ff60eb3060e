#include "shell/intake.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "wire/subject.h"

enum {
    INTAKE_BATCH = 64,
    INTAKE_AGAIN_MS = 1000,
    /* What a killed controller had taken comes to another one after this. A spec is handled in
     * milliseconds, and handling it twice creates one job. */
    INTAKE_ACK_WAIT_MS = 5000,
};

struct intake_item;

struct intake {
    struct cell cell;
    const struct roster *roster;
    struct desk *desk;
    struct bus_pull *pull;
    struct intake_item *items;
};

/* A message whose job does not exist yet, as far as we know. */
struct intake_item {
    struct intake *intake; /* NULL: the intake is gone */
    struct intake_item *next;
    struct intake_item **link;
    struct bus_ack ack;
    struct name job;
};

static struct intake *intake_leave(struct intake_item *item)
{
    struct intake *intake = item->intake;
    if (intake != NULL) {
        *item->link = item->next;
        if (item->next != NULL)
            item->next->link = item->link;
    }
    return intake;
}

static void intake_settle(struct intake_item *item, bool done)
{
    struct intake *intake = intake_leave(item);
    if (intake != NULL && done)
        bus_ack(intake->cell.bus, &item->ack);
    else if (intake != NULL)
        bus_ack_later(intake->cell.bus, &item->ack, DURATION_MS(INTAKE_AGAIN_MS));
    free(item);
}

/* The log has a job of this id. With a KV record it is a duplicate; without one its creator died
 * between the two, and somebody has to carry on. */
static void intake_checked(void *ctx, const struct bus_answer *answer)
{
    struct intake_item *item = ctx;
    if (item->intake == NULL || answer->outcome == BUS_LOST) {
        intake_settle(item, false);
        return;
    }
    if (answer->outcome == BUS_NOT_FOUND)
        desk_adopt(item->intake->desk, item->job.text, NULL, 0);
    intake_settle(item, answer->outcome == BUS_OK);
}

static void intake_created(void *ctx, const char *job, enum desk_created created)
{
    struct intake_item *item = ctx;
    if (item->intake == NULL || created == DESK_CREATED || created == DESK_FAILED) {
        intake_settle(item, created == DESK_CREATED);
        return;
    }
    struct intake *intake = item->intake;
    log_event(intake->cell.log, LOG_INFO, "job.exists", LOG_TEXT("job", job));
    struct subject bucket = subject_bucket(intake->cell.name, CELL_JOBS);
    bus_kv_get(intake->cell.bus, bucket.text, job, intake_checked, item);
}

static void intake_refuse(struct accepted *accepted, const char *format, const char *detail)
{
    accepted_done(accepted);
    CHECK(buffer_print(&accepted->refusal, format, detail) == STATUS_OK);
}

static struct intake_item *intake_enter(struct intake *intake, const struct bus_message *message)
{
    struct intake_item *item = calloc(1, sizeof *item);
    CHECK(item != NULL);
    item->intake = intake;
    item->ack = bus_ack_of(message);
    item->next = intake->items;
    item->link = &intake->items;
    if (item->next != NULL)
        item->next->link = &item->next;
    intake->items = item;
    return item;
}

/* The id the sender chose, by name or by key; else one made of the message's place in the stream.
 * @return false if the sender's choice can't be an id. */
static bool intake_choose_id(const struct intake *intake, const struct bus_message *message,
                             struct name *ret_id)
{
    const char *chosen = bus_header_get(message, "Baton-Job-Id");
    const char *key = bus_header_get(message, "Baton-Idempotency-Key");
    if (key == NULL)
        key = bus_header_get(message, "Nats-Msg-Id");
    struct subject stream = subject_stream(intake->cell.name, CELL_SUBMIT);
    *ret_id = accept_id_of_message(stream.text, message->stream_seq, message->stored_at_ms);
    if (chosen != NULL)
        return name_set(ret_id, bytes_of_text(chosen));
    if (key != NULL)
        *ret_id = accept_id_of_key(key);
    return true;
}

static void intake_each(void *ctx, const struct bus_message *message)
{
    struct intake *intake = ctx;
    struct intake_item *item = intake_enter(intake, message);
    const char *file = bus_header_get(message, "Baton-Spec-File");
    AUTO(accepted_done) struct accepted accepted = {0};
    bool id_valid = intake_choose_id(intake, message, &item->job);
    (void)accept_spec(&intake->cell, intake->roster, message->body, file == NULL ? "spec" : file,
                      &accepted);
    if (!id_valid)
        intake_refuse(&accepted,
                      "header Baton-Job-Id: \"%.80s\" can't be an id: 1 to 64 of A-Z a-z "
                      "0-9 _ -",
                      bus_header_get(message, "Baton-Job-Id"));
    if (accepted.refusal.len > 0)
        log_event(intake->cell.log, LOG_WARN, "spec.refused", LOG_TEXT("job", item->job.text),
                  LOG_TEXT("error", buffer_text(&accepted.refusal)));
    desk_create(intake->desk, item->job.text, &accepted, message->stored_at_ms, intake_created,
                item);
}

static void intake_trouble(void *ctx, const struct bus_answer *answer)
{
    struct intake *intake = ctx;
    log_event(intake->cell.log, LOG_WARN, "intake.trouble",
              LOG_TEXT("outcome", bus_outcome_text(answer->outcome)),
              LOG_TEXT("error", answer->text));
}

struct intake *intake_new(const struct cell *cell, const struct roster *roster, struct desk *desk)
{
    struct intake *intake = calloc(1, sizeof *intake);
    CHECK(intake != NULL);
    *intake = (struct intake){.cell = *cell, .roster = roster, .desk = desk};
    struct subject stream = subject_stream(cell->name, CELL_SUBMIT);
    struct subject subject = subject_submit(cell->name);
    const struct bus_consumer consumer = {
        .stream = stream.text,
        .name = "controllers",
        .subject = subject.text,
        .ack_pending_max = 1000,
        .ack_wait = DURATION_MS(INTAKE_ACK_WAIT_MS),
        .replicas = cell->replicas,
    };
    intake->pull =
        bus_pull(cell->bus, &consumer, INTAKE_BATCH, intake_each, intake_trouble, intake);
    return intake;
}

void intake_free(struct intake *intake)
{
    if (intake == NULL)
        return;
    bus_pull_stop(intake->pull);
    for (struct intake_item *item = intake->items; item != NULL; item = item->next)
        item->intake = NULL;
    free(intake);
}
