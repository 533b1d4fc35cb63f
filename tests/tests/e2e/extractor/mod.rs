//! The extractor alone: nothing that changed is missed, whichever replica dies, however the vendor sorts; snapshots are counted
//! where they leave it.

mod ahead;
mod answers;
mod believed;
mod blame;
mod causes;
mod clocks;
mod closed;
mod commands;
mod condition_changed;
mod cut_times;
mod deleted;
mod details;
mod documents;
mod fields;
mod filter_left;
mod first_load;
mod hollow;
mod interrupted;
mod leader;
mod listed_late;
mod missing;
mod paging;
mod polling;
mod quotas;
mod reconcile;
mod record;
mod refusals;
mod replicas;
mod scope_left;
pub(crate) mod sink;
mod times;
mod unnamed;
mod unread;
mod webhook;
mod webhook_commands;
mod webhook_left;
