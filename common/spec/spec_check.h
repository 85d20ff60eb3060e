/* spec_check.h - the rules of a job spec which no descriptor states. Pure. */
#ifndef BATON_SPEC_CHECK_H
#define BATON_SPEC_CHECK_H

#include "spec.pb-c.h"
#include "spec/doc.h"

/**
 * Check a mapped message against its document, from which come presence and places.
 *
 * @param root     [in]     the document; each list of tasks in it has a twin in `message`.
 * @param problems [in,out] what is wrong is added to what the mapper has found.
 */
void spec_check(const struct doc_node *root, const Baton__V1__Spec *message,
                struct problems *problems);

#endif
