//! What OKKI's listing may do although a client would like to rely on the contrary.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What `totalItem` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Totals {
    /// The rows of all pages.
    #[default]
    Right,
    /// Nothing.
    Zero,
    /// The rows of this page.
    Page,
    /// At most so many, as search engines count.
    Capped(usize),
    /// It is not there.
    Missing,
    /// The rows of all pages, and 0 on a page without rows.
    NoneOnEmpty,
    /// The rows of all pages on the first one, their own on others.
    FirstPage,
    /// Three times the rows of all pages, and 0 on a page without rows.
    Threefold,
}

/// Switches of the listing, all off by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListingSettings {
    /// What `totalItem` says.
    pub totals: Totals,
    /// Bounds count as whole days.
    pub dates_only: bool,
    /// Seconds added to `now` of every answer, and to nothing else.
    pub now_offset_s: i64,
    /// Seconds by which rows and bounds of the listing are later than update times.
    pub times_offset_s: i64,
    /// Rows show update times cut to so many seconds of Beijing's day, and bounds go by those; 0: to the second.
    pub times_cut_s: i64,
    /// Answers have no `now`.
    pub hide_now: bool,
    /// Deleted customers are listed without `update_time`.
    pub removed_without_time: bool,
    /// JSON in the place of the ids of these customers.
    pub ids: BTreeMap<i64, String>,
    /// `removed` is ignored.
    pub ignores_removed: bool,
    /// The listing of those who exist is behind: it does not show these customers yet.
    pub hidden: Vec<i64>,
    /// These groups were deleted: the tree does not hold them, and their listings show nobody.
    pub gone_groups: Vec<i64>,
    /// Listings are behind by so many seconds: they show nothing of what has changed since, neither as it was nor as it is.
    pub lag_s: i64,
    /// These customers exist, and `removed=1` lists them as well.
    pub also_removed: Vec<i64>,
    /// JSON in the place of the listed update times of these customers.
    pub times: BTreeMap<i64, String>,
    /// The names of these customers end in a byte that is no UTF-8.
    pub bad_bytes: Vec<i64>,
}
