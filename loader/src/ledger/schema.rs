//! What the ledger keeps in Redis: every key and every field of it. Nothing outside of the ledger names them.
//!
//! All keys share the hash tag of the namespace. `{prefix}` is the ledger's prefix of the form. The scripts spell the
//! names out; a test compares what they write with this table. Times are milliseconds of Redis' own clock, `written`
//! times those of the vendor's.
//!
//! | key | type | one for | scripts |
//! | --- | --- | --- | --- |
//! | the namespace's index key | hash | the index of the form | `index.lua`, `learn.lua`, read by all |
//! | the namespace's epoch key | string | the epoch of the current index, for watermarks | `index.lua` |
//! | the namespace's sequence key | number | the sequence of what was fetched last | only read |
//! | `{prefix}row:<company id>` | hash | a customer | `claim.lua`, `commit.lua`, `verify.lua`, `learn.lua`, `touched.lua` |
//! | `{prefix}batch:<batch>` | hash | a claimed batch | `claim.lua`, `commit.lua`, `named.lua`, `regroup.lua`, `renew.lua`, `takeover.lua` |
//! | `{prefix}batches` | sorted set | batch → end of its lease | as above, `orphans.lua` |
//! | `{prefix}verify` | sorted set | company id → when its row is read again | `verify.lua`, `commit.lua`, `claim.lua`, `learn.lua` |
//! | `{prefix}dups` | hash | `<company id>\n<row id>` → row id that is kept | `learn.lua`, `index.lua`, `merged.lua` |
//! | `{prefix}dups:of` | hash | row id → company id, of the rows in `dups` | as above, `commit.lua` |
//! | `{prefix}removals` | hash | how many rows have gone, and who has decided what | `guard.lua`, `removals.lua` |
//! | `{prefix}removals:parked` | hash | company id → since when its removal waits, its version, `f` left the filter or `r` removed, its run | `guard.lua` |
//! | `{prefix}removals:runs` | hash | backfill → rows that it has removed | `guard.lua`, `removals.lua` |
//! | `{prefix}removals:counting` | text | a loader counts the known rows | `removals.lua` |
//! | `{prefix}removals:log` | list | decisions about removals, JSON | `removals.lua` |
//! | `{prefix}form` | hash | `right`: when the form was read last and was as the mapping needs it; `since`: what was written since then is in doubt | `ledger::form_gap` |
//! | `{prefix}rewritten` | hash | row id → customer, of rows whose key cell the form rewrites each time | `ledger::rewritten` |
//! | `{prefix}rewritten:in-a-row` | number | such rows since a key that was written has stayed | `ledger::rewritten` |
//! | `{prefix}fence` | number | the last fence that was given out | `claim.lua`, `takeover.lua` |
//!
//! | field of a row | meaning |
//! | --- | --- |
//! | `id` | row id in the form; absent when there is no row, empty when it was never learned; `?` before it: it was taken from an answer by its place, and is proven by key before it is used |
//! | `v` | version that was committed last, with the revision of its mapping, see [`super::encode_mapped`] |
//! | `h` | hash of the row's content; empty when the content is not known; `!` before it: somebody has touched the key cell, so that the next record is written, whatever it holds |
//! | `b` | batch that has claimed the row |
//! | `f` | floor: sequence above which a record is certainly newer than what the row holds, whose version is lost |
//! | `w` | when the ledger last committed something about the row |
//! | `u` | `1`: the record of version `v` found nothing to do; otherwise what it wrote was committed |
//! | `g` | epoch of the index that has seen the row, or that there is none; of an earlier one `id` and `h` are only hints, and so they are with `!` and a time behind it: when somebody was found to have deleted the row |
//! | `p` | what people did to the row last, when that was noticed, when the customer was asked for because of it, how often, `1` while that is due |
//! | `x` | version of the removal that has been counted and may take the row away |
//! | `o` | since when the vendor says that the row does not exist and shows it all the same; absent otherwise |
//! | `l` | when the form was asked last and had no such row; it is made only right after that |
//! | `c` | the row is on the list of those to be read again although its writes were confirmed: the hashes of its contents before them, each behind a line break, empty when it was made or is gone |
//! | `r`, `q` | how often the customer was fetched again for nothing so far, and not before when once more |
//! | `y`, `z` | how often it was fetched again because its row was not as it was written, and not before when once more |
//!
//! | field of a batch | meaning |
//! | --- | --- |
//! | `owner` | replica that writes it |
//! | `fence` | what its commits have to show |
//! | `lease` | until when it is left alone |
//! | `n` | members that are not committed |
//! | `m<slot>` | member: kind, company id, version, hash, row id, one a line |
//! | `j<slot>` | the row exactly as it is sent |
//! | `t<slot>` | transaction id of a create |
//! | `i<slot>` | the row id that the vendor's answer names in the place of a create, written down before the form is asked whether that is so |
//! | `s<slot>` | when it may first have been sent under this transaction id; `0`: never again, because a part of the transaction is committed |
//!
//! | field of the removals | meaning |
//! | --- | --- |
//! | `began` | when counting began; for a while nobody knows what was parked before Redis was lost |
//! | `d<day>` | rows that went on this day since 1970 without having been allowed |
//! | `granted` | rows that were let go, in all |
//! | `known`, `known_granted`, `known_at`, `known_epoch` | known rows that were not granted, as counted last; what `granted` was before; when, and in which epoch |
//! | `wanted`, `asked` | `1`: they have to be counted; when that was asked for last |
//! | `tripped` | since when all removals wait for a person |
//! | `filtered` | how many of the parked ones have left the filter |
//! | `decided`, `decision`, `free` | when a person has decided about what was parked, `allow` or `keep`, and until when all are allowed |
//!
//! | field of the index | meaning |
//! | --- | --- |
//! | `form` | app, form and key widget that are read |
//! | `state` | `open`: rows are looked up on demand, or `complete`: the form was read to its end |
//! | `epoch` | name of the index |
//! | `run` | server run of Redis in which it was begun |
//! | `history` | line of descent of the data of Redis in which it was begun, if Redis says so |
//! | `noticed` | when the loss of the one before was noticed |
//! | `settles` | when the calls of loaders that worked with the one before cannot land any more |
//! | `floor` | the highest sequence that a record of theirs can have |
//! | `cursor` | last row id that the walk has read |
//! | `rows`, `keyless` | rows that the walk has read so far, with a key (one a customer) and without |
//! | `unreadable`, `unread` | rows that the walk has passed over because they cannot be read, and the last one |
//! | `widgets` | widgets whose content is hashed, one a line |
//! | `blind` | `1`: without a key widget nothing can be read, and Redis is taken at its word |

/// Fields of a row.
pub(super) mod row {
    pub(in crate::ledger) const ID: &str = "id";
    pub(in crate::ledger) const VERSION: &str = "v";
    pub(in crate::ledger) const HASH: &str = "h";
    pub(in crate::ledger) const BATCH: &str = "b";
    pub(in crate::ledger) const FLOOR: &str = "f";
    pub(in crate::ledger) const COMMITTED: &str = "w";
    pub(in crate::ledger) const DOUBTED: &str = "o";
    pub(in crate::ledger) const TOUCHED: &str = "p";
    pub(in crate::ledger) const GRANTED: &str = "x";
    /// Only the scripts use these.
    #[cfg(test)]
    pub(in crate::ledger) const SEEN_IN: &str = "g";
    #[cfg(test)]
    pub(in crate::ledger) const ASKED: [&str; 2] = ["r", "q"];
    #[cfg(test)]
    pub(in crate::ledger) const VERIFIED: [&str; 2] = ["y", "z"];
    #[cfg(test)]
    pub(in crate::ledger) const UNCHANGED: &str = "u";
    #[cfg(test)]
    pub(in crate::ledger) const CONFIRMED: &str = "c";
    #[cfg(test)]
    pub(in crate::ledger) const LOOKED: &str = "l";
}

/// Before the hash of a row whose key cell was found wrong.
pub(super) const KEY_WRONG: char = '!';

/// Before a row id that was taken from an answer by its place, in a row, a claim and a member.
pub(super) const BY_PLACE: char = '?';

/// Fields of a batch.
pub(super) mod batch {
    pub(in crate::ledger) const OWNER: &str = "owner";
    pub(in crate::ledger) const LEASE: &str = "lease";
    pub(in crate::ledger) const LEFT: &str = "n";
    /// Only the scripts use it.
    #[cfg(test)]
    pub(in crate::ledger) const FENCE: &str = "fence";
    /// First letters of the fields that end with a slot.
    pub(in crate::ledger) const MEMBER: char = 'm';
    pub(in crate::ledger) const ROW: char = 'j';
    pub(in crate::ledger) const TRANSACTION: char = 't';
    pub(in crate::ledger) const FIRST_SENT: char = 's';
    pub(in crate::ledger) const NAMED: char = 'i';
}

/// Fields of what is known of the form.
pub(super) mod form {
    pub(in crate::ledger) const RIGHT_AT: &str = "right";
    pub(in crate::ledger) const GAP_SINCE: &str = "since";
}

/// Fields of the index.
#[cfg(test)]
pub(crate) mod index {
    pub(crate) const NOTICED: &str = "noticed";
    pub(crate) const SETTLES: &str = "settles";
    pub(crate) const FLOOR: &str = "floor";
    pub(crate) const RUN: &str = "run";
    pub(crate) const HISTORY: &str = "history";
    /// All others, which only the scripts use.
    pub(crate) const OTHERS: [&str; 10] = [
        "form",
        "state",
        "epoch",
        "cursor",
        "rows",
        "keyless",
        "unreadable",
        "unread",
        "widgets",
        "blind",
    ];
}
