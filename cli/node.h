/* node.h - what the verbs of nodes have in common. Pure. */
#ifndef BATON_CLI_NODE_H
#define BATON_CLI_NODE_H

#include <jansson.h>

/** Write a list of names with commas between them; what does not fit is left out. */
void node_names(const json_t *names, char *text, size_t capacity);

#endif
