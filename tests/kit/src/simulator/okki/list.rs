//! `/v1/company/updates` and `/v1/company/list`: windows, paging, order (docs/okki-api.md §4, §9).

use super::info::{list, quoted};
use super::{refuse, success, time::shown};
use crate::simulator::call::Call;
use crate::simulator::clock::{beijing, from_beijing};
use crate::simulator::customer::Customer;
use crate::simulator::dice::Dice;
use crate::simulator::faults::Vendor;
use crate::simulator::reply::{BAD_BYTE, Reply};
use crate::simulator::settings::{ListingSettings, OkkiSettings, Order, Totals};
use crate::simulator::state::{State, lock};
use crate::simulator::vocabulary::GROUPS;
use crate::simulator::world::{Entry, World, company_id, content};

struct Query {
    page: usize,
    count: usize,
    removed: bool,
    /// Those who exist were asked for, whatever is listed.
    existing: bool,
    /// 1 all, 0 followed ones, 2 pool only.
    all: i64,
    group: Option<i64>,
    /// 1 update time, 2 create time, 3 archive time.
    time_type: i64,
    from: i64,
    to: i64,
}

pub(super) fn answer(state: &State, settings: &OkkiSettings, call: &Call) -> Reply {
    let query = match Query::read(call, settings) {
        Ok(query) => query,
        Err(parameter) => return refuse(settings, 400, &format!("Invalid query {parameter}")),
    };
    // another arrangement for every call, where the order is not to be relied on
    let salt = state.traffic(Vendor::Okki).meters.total.calls;
    let quirks = &settings.listing;
    let (total, rows): (usize, Vec<String>) = match state.replay.get() {
        Some(replay) => {
            let window = window(replay.listing(query.removed), &query);
            let page = cut(window, &query, settings.order, salt);
            (
                window.len(),
                page.into_iter().map(|index| replay.row(index)).collect(),
            )
        }
        None => {
            let (seed, total, rows) = {
                let world = lock(&state.world);
                let (total, page) = page(&world, &query, settings, salt);
                let rows: Vec<(u32, Entry)> = page.into_iter().map(|i| (i, world.entry(i).clone())).collect();
                (world.seed(), total, rows)
            };
            let item = |(index, entry): &(u32, Entry)| item(settings, seed, *index, entry, query.removed);
            (total, rows.iter().map(item).collect())
        }
    };
    let mark = if settings.mixed_numbers && salt % 3 == 1 {
        "\""
    } else {
        ""
    };
    let count = rows.len();
    let list = list(rows);
    let total = match quirks.totals {
        Totals::Right => Some(total),
        Totals::Zero => Some(0),
        Totals::Page => Some(count),
        Totals::Capped(most) => Some(total.min(most)),
        Totals::Missing => None,
        Totals::NoneOnEmpty => Some(if count == 0 { 0 } else { total }),
        Totals::FirstPage => Some(if query.page > 1 { count } else { total }),
        Totals::Threefold => Some(if count == 0 { 0 } else { 3 * total }),
    };
    let total = total.map_or_else(String::new, |total| {
        format!(r#""totalItem":{mark}{total}{mark},"#)
    });
    let data = format!(r#"{{"list":{list},{total}"count":{count}}}"#);
    success(state, settings, &data)
}

impl Query {
    fn read(call: &Call, settings: &OkkiSettings) -> Result<Query, &'static str> {
        let number = |name: &'static str| match call.parameter(name) {
            Some(text) if !text.is_empty() => text.trim().parse::<i64>().map(Some).map_err(|_| name),
            _ => Ok(None),
        };
        let time = |name: &'static str, end| match call.parameter(name) {
            Some(text) if !text.is_empty() => from_beijing(&text, end).map(Some).ok_or(name),
            _ => Ok(None),
        };
        let count = number("count")?.unwrap_or(settings.count_default as i64);
        // an explicit start_time wins over date
        let from = time("start_time", false)?.or(time("date", false)?);
        let (mut from, mut to) = (
            from.unwrap_or(i64::MIN),
            time("end_time", true)?.unwrap_or(i64::MAX),
        );
        if settings.listing.dates_only {
            let midnight = |at: i64| (at + 28_800).div_euclid(86_400) * 86_400 - 28_800;
            from = if from == i64::MIN { from } else { midnight(from) };
            to = if to == i64::MAX { to } else { midnight(to) + 86_399 };
        }
        // What is shown as the start of a span is there from its first second to its last.
        let cut = settings.listing.times_cut_s;
        if cut > 0 && from != i64::MIN {
            from = super::time::cut(from + cut - 1, cut);
        }
        if cut > 0 && to != i64::MAX {
            to = super::time::cut(to, cut) + cut - 1;
        }
        let apart = settings.listing.times_offset_s;
        (from, to) = (from.saturating_sub(apart), to.saturating_sub(apart));
        Ok(Query {
            page: number("start_index")?.unwrap_or(1).max(1) as usize,
            count: count.clamp(1, settings.count_cap.max(1) as i64) as usize,
            removed: number("removed")?.unwrap_or(0) == 1 && !settings.listing.ignores_removed,
            existing: number("removed")?.unwrap_or(0) != 1,
            all: number("all")?.unwrap_or(1),
            group: number("group_id")?.filter(|id| *id != 0),
            time_type: number("time_type")?.unwrap_or(1),
            from,
            to,
        })
    }

    /// No condition besides the window over update times: the page is a slice of the listing.
    fn is_plain(&self) -> bool {
        self.all == 1 && self.group.is_none() && self.time_type == 1
    }

    fn admits(&self, customer: &Customer) -> bool {
        let in_group = |id: i64| {
            let name = GROUPS
                .iter()
                .find(|(known, _)| *known == id)
                .map(|(_, name)| *name);
            name.is_some() && customer.group.as_deref() == name
        };
        (self.all == 1 || customer.private == (self.all == 0)) && self.group.is_none_or(in_group)
    }
}

/// Total of the window and the indexes on the page.
fn page(world: &World, query: &Query, settings: &OkkiSettings, salt: u64) -> (usize, Vec<u32>) {
    let order = settings.order;
    if query
        .group
        .is_some_and(|group| settings.listing.gone_groups.contains(&group))
    {
        return (0, Vec::new());
    }
    let odd = odd_listing(world, query, &settings.listing);
    let listing = odd.as_deref().unwrap_or_else(|| world.listing(query.removed));
    let chosen: Vec<(i64, u32)>;
    let window = if query.is_plain() {
        window(listing, query)
    } else {
        chosen = filtered(world, listing, query);
        &chosen
    };
    (window.len(), cut(window, query, order, salt))
}

/// A listing that shows others than it should.
fn odd_listing(world: &World, query: &Query, quirks: &ListingSettings) -> Option<Vec<(i64, u32)>> {
    let is_one_of = |ids: &[i64], row: &(i64, u32)| ids.contains(&company_id(row.1));
    let shown = world.listing(query.removed);
    if quirks.lag_s > 0 {
        let until = jiff::Timestamp::now().as_second() - quirks.lag_s;
        return Some(shown.iter().filter(|(time, _)| *time <= until).copied().collect());
    }
    match query.existing {
        true if !quirks.hidden.is_empty() => {
            let shown = shown.iter().filter(|row| !is_one_of(&quirks.hidden, row));
            Some(shown.copied().collect())
        }
        false if query.removed && !quirks.also_removed.is_empty() => {
            let others = world.listing(false).iter();
            let others = others.filter(|row| is_one_of(&quirks.also_removed, row));
            let mut all: Vec<_> = shown.iter().chain(others).copied().collect();
            all.sort_unstable();
            Some(all)
        }
        _ => None,
    }
}

/// What of a listing lies between the bounds.
fn window<'a>(listing: &'a [(i64, u32)], query: &Query) -> &'a [(i64, u32)] {
    let from = listing.partition_point(|(updated, _)| *updated < query.from);
    let to = listing.partition_point(|(updated, _)| *updated <= query.to);
    &listing[from.min(to)..to]
}

/// The indexes on the page.
fn cut(window: &[(i64, u32)], query: &Query, order: Order, salt: u64) -> Vec<u32> {
    let first = (query.page - 1).saturating_mul(query.count).min(window.len());
    let last = (first + query.count).min(window.len());
    match order {
        Order::Asc => window[first..last].iter().map(|(_, index)| *index).collect(),
        Order::Desc => window
            .iter()
            .rev()
            .skip(first)
            .take(last - first)
            .map(|(_, index)| *index)
            .collect(),
        Order::Unstable => {
            let mut mixed: Vec<_> = window
                .iter()
                .map(|(t, i)| (-*t, Dice::new(&[salt, (*i).into()]).next(), *i))
                .collect();
            mixed.sort_unstable();
            mixed[first..last].iter().map(|(_, _, index)| *index).collect()
        }
        Order::Shuffled => {
            let mut mixed: Vec<_> = window
                .iter()
                .map(|(_, i)| (Dice::new(&[salt, (*i).into()]).next(), *i))
                .collect();
            mixed.sort_unstable();
            mixed[first..last].iter().map(|(_, index)| *index).collect()
        }
    }
}

fn filtered(world: &World, listing: &[(i64, u32)], query: &Query) -> Vec<(i64, u32)> {
    let time = |updated: i64, index: u32| {
        if query.time_type == 1 {
            updated
        } else {
            world.entry(index).created
        }
    };
    let mut chosen: Vec<_> = listing
        .iter()
        .map(|(updated, index)| (time(*updated, *index), *index))
        .filter(|(time, index)| {
            (query.from..=query.to).contains(time) && query.admits(&world.customer(*index))
        })
        .collect();
    chosen.sort_unstable();
    chosen
}

fn item(settings: &OkkiSettings, seed: u64, index: u32, entry: &Entry, removed: bool) -> String {
    let quirks = &settings.listing;
    let mut customer = content(seed, index, entry, entry.revision);
    let (id, user) = (company_id(index), if customer.private { "55280038" } else { "" });
    if quirks.bad_bytes.contains(&id) {
        customer.name.push(BAD_BYTE);
    }
    let id = quirks.ids.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let (name, short_name) = (quoted(&customer.name), quoted(&customer.short_name));
    let updated = match quirks.times.get(&company_id(index)) {
        Some(odd) => odd.clone(),
        None => {
            let time = super::time::cut(entry.updated + quirks.times_offset_s, quirks.times_cut_s);
            shown(time, settings.list_time)
        }
    };
    let created = beijing(entry.created);
    let contacted = beijing(entry.updated - 3600);
    let time = match removed && quirks.removed_without_time {
        true => String::new(),
        false => format!(r#""update_time":{updated},"#),
    };
    format!(
        r#"{{"company_id":{id},"user_id":"{user}","name":{name},"short_name":{short_name},"serial_id":"C{index:05}",
"order_time":"{contacted}","create_time":"{created}",{time}"create_user":55280040,
"last_edit_user":55280038,"archive_type":1,"edit_time":{updated}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(page: usize, count: usize) -> Query {
        Query {
            page,
            count,
            removed: false,
            existing: true,
            all: 1,
            group: None,
            time_type: 1,
            from: i64::MIN,
            to: i64::MAX,
        }
    }

    fn page(world: &World, query: &Query, order: Order, salt: u64) -> (usize, Vec<u32>) {
        let settings = OkkiSettings {
            order,
            ..OkkiSettings::default()
        };
        super::page(world, query, &settings, salt)
    }

    fn world() -> World {
        World::new(3, 1000, 1_700_000_000, 100_000)
    }

    #[test]
    fn pages_cover_everything_once_in_both_directions() {
        let world = world();
        for order in [Order::Desc, Order::Asc] {
            let mut seen: Vec<u32> = (1..=7)
                .flat_map(|p| page(&world, &query(p, 150), order, 0).1)
                .collect();
            assert_eq!(seen.len(), 1000);
            let first = world.entry(seen[0]).updated;
            assert_eq!(first > world.entry(seen[999]).updated, order == Order::Desc);
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 1000);
        }
        assert_eq!(page(&world, &query(8, 150), Order::Desc, 0), (1000, vec![]));
    }

    #[test]
    fn the_window_includes_both_ends() {
        let world = world();
        let (updated, index) = world.listing(false)[500];
        let mut query = query(1, 500);
        (query.from, query.to) = (updated, updated);
        let (total, rows) = page(&world, &query, Order::Asc, 0);
        assert!(total >= 1 && rows.contains(&index));
        query.from = updated + 1;
        assert_eq!(page(&world, &query, Order::Asc, 0).0, 0);
    }

    #[test]
    fn an_unstable_order_only_moves_rows_of_the_same_second() {
        let world = world();
        let times = |salt| {
            let rows = page(&world, &query(1, 500), Order::Unstable, salt).1;
            (
                rows.iter().map(|i| world.entry(*i).updated).collect::<Vec<_>>(),
                rows,
            )
        };
        assert_eq!(times(1).0, times(2).0);
        assert_ne!(times(1).1, times(2).1);
        assert_ne!(
            page(&world, &query(1, 9), Order::Shuffled, 1).1,
            page(&world, &query(1, 9), Order::Shuffled, 2).1
        );
    }

    #[test]
    fn filters_split_the_world() {
        let world = world();
        let total = |all, group| {
            page(
                &world,
                &Query {
                    all,
                    group,
                    ..query(1, 10)
                },
                Order::Desc,
                0,
            )
            .0
        };
        assert_eq!(total(0, None) + total(2, None), 1000);
        let grouped = total(1, Some(101));
        assert!((50..500).contains(&grouped), "{grouped}");
        assert_eq!(total(1, Some(999)), 0);
    }
}
