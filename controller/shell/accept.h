/* accept.h - from the text somebody submitted to a job that can be created, or to a refusal. Shell.
 *
 * The same judgement for a spec that came over the API, before it is stored, and for one from the
 * stream, where refusing means a job in state failed that says why.
 */
#ifndef BATON_ACCEPT_H
#define BATON_ACCEPT_H

#include "base/buffer.h"
#include "shell/roster.h"
#include "wire/record.h"

enum accept_verdict {
    ACCEPT_YES,
    ACCEPT_INVALID,   /* the spec does not hold; the text has the lines */
    ACCEPT_NO_TARGET, /* it holds, but nobody is there to run it */
};

struct accepted {
    struct plan *plan;              /* taken by who creates the job */
    struct buffer spec;             /* packed baton.v1.Spec */
    struct expected_node *expected; /* `count` of them, in the arena */
    uint32_t expected_count;
    char sha256[65]; /* of the submitted bytes, in hex */
    struct buffer refusal;
    struct arena arena;
};

/**
 * @param cell [in] whose server says how much fits one message: the job's first record must.
 * @param text [in] the submitted bytes.
 * @param file [in] what to call them in messages.
 * @param ret  [out] always set; release with accepted_done().
 */
enum accept_verdict accept_spec(const struct cell *cell, const struct roster *roster,
                                struct bytes text, const char *file, struct accepted *ret);
void accepted_done(struct accepted *accepted);

/** The id of the job a message asks for, always the same for the same message or key. */
struct name accept_id_of_key(const char *key);
struct name accept_id_of_message(const char *stream, uint64_t seq, int64_t stored_at_ms);

#endif
