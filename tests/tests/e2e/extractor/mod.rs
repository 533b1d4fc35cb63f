//! The extractor alone: nothing that changed is missed, whoever dies, however the vendor sorts; snapshots are counted
//! where they leave it.

mod commands;
mod details;
mod leader;
mod paging;
mod replicas;
mod sink;
