/* data/block_set.h: a set's blocks in their order: in memory, or in the shards of a prepared folder.
 *
 *     FOLDER/SET-00000.h5, SET-00001.h5, ...      one dataset a column (block.h), compressed, ids in the narrowest integer
 *                                                 type; `blocks` (3 numbers each): tokens, examples, rows of each block
 *
 * and as texts: work (hash of the settings that made it), state (JSON: where reading went on, the class names so far, the
 * counts of this shard, whether the set ended). A shard is complete or not there, so an interrupted preparation goes on
 * behind the last one, and comes to the same bytes. */
#ifndef DATA_BLOCK_SET_H
#define DATA_BLOCK_SET_H

#include "core/json.h"
#include "data/block.h"
#include "data/rows.h"

enum { SHARD_TOKENS = 1 << 22, SHARD_ROWS = 1 << 17 };        /* a shard ends with the block that reaches one */

typedef struct BlockSet BlockSet;

/* In memory. */
Status  block_set_new(BlockSet **out) MUST_USE;
/* In FOLDER/SET-*.h5: opens the shards that are there and were made by `work`; those that follow a gap or another's are
 * removed when `writing`. memory: bytes of blocks that are kept once they were read. */
Status  block_set_open(BlockSet **out, const char *folder, const char *set, const char *work, int32_t vocab_size,
                       size_t memory, bool writing) MUST_USE;
void    block_set_close(BlockSet *s);

int64_t block_set_n_shards(const BlockSet *s);
/* The state of a shard as JSON; borrowed. */
const cJSON *block_set_state(const BlockSet *s, int64_t shard);

/* Adds a block: kept (its contents are taken, *b is empty afterwards), or written to the open shard. */
Status  block_set_add(BlockSet *s, Block *b) MUST_USE;
bool    block_set_shard_is_full(const BlockSet *s);           /* never in memory */
/* Ends the open shard, which is in place afterwards. Takes state, also when it fails. */
Status  block_set_end_shard(BlockSet *s, cJSON *state) MUST_USE;

int64_t block_set_count(const BlockSet *s);
int64_t block_set_n(const BlockSet *s, int64_t block, ColumnOf of);
/* The columns of a block (others may be there too); borrowed until the next call. Shards must not be open for writing. */
Status  block_set_get(BlockSet *s, int64_t block, unsigned columns, const Block **out) MUST_USE;

#endif
