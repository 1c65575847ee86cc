/* data/clean/html_entities.h: names of characters, as in &eacute; */
#ifndef DATA_CLEAN_HTML_ENTITIES_H
#define DATA_CLEAN_HTML_ENTITIES_H

#include <stddef.h>
#include <stdint.h>

uint32_t html_entity(const char *name, size_t n);      /* without & and ;  0: there is none of this name */

#endif
