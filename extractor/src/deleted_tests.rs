//! Who is in the listing of deleted customers is gone, unless the other listing shows him.

use super::*;
use crate::okki::ListItem;

/// Those who exist, by page; one of them may be unreadable.
struct Model {
    rows: Vec<(i64, &'static str)>,
    poison: Option<i64>,
}

impl Pages for Model {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let window = Window {
            start: request.start,
            end: request.end.unwrap_or(i64::MAX),
        };
        let rows: Vec<_> = self
            .rows
            .iter()
            .filter(|(time, _)| window.contains(*time))
            .collect();
        let count = request.count as usize;
        let first = ((request.page - 1) as usize * count).min(rows.len());
        let page = &rows[first..rows.len().min(first + count)];
        if page.iter().any(|(time, _)| Some(*time) == self.poison) {
            return Err(Error::Garbled("a quote".to_owned()));
        }
        let items = page.iter().map(|(time, id)| ListItem {
            company_id: (*id).to_owned(),
            update_time: *time,
        });
        Ok(Page {
            items: items.collect(),
            // An empty page counts its own rows.
            total: Some(if page.is_empty() { 0 } else { rows.len() as u64 }),
            ..Page::default()
        })
    }
}

fn step(removed: &[(i64, &str)]) -> Step {
    let items = removed.iter().map(|(time, id)| ListItem {
        company_id: (*id).to_owned(),
        update_time: *time,
    });
    Step {
        items: items.collect(),
        slice: Window {
            start: Some(1_200_000_000),
            end: 1_200_009_000,
        },
        ..Step::default()
    }
}

const AT: i64 = 1_200_000_500;

#[tokio::test]
async fn whoever_exists_on_any_page_has_not_gone() {
    let names = ["a", "b", "c", "d", "e"];
    let rows = names.iter().map(|name| (AT, *name)).collect();
    let model = Model { rows, poison: None };
    let error = compare(&mut step(&[(AT, "e")]), &model, 2).await.unwrap_err();
    assert!(error.to_string().contains("customer e, who exists"), "{error}");
    let timeless = compare(&mut step(&[(0, "e")]), &model, 2).await;
    assert!(timeless.is_err());
    let mut gone = step(&[(AT, "x"), (AT + 5_000, "y")]);
    compare(&mut gone, &model, 2).await.unwrap();
    assert_eq!((gone.items.len(), gone.damaged.len()), (2, 0));
}

/// A listing of deleted customers shows others than those who exist; one of it may be among both.
#[tokio::test]
async fn one_who_is_in_both_listings_does_not_keep_the_others() {
    let model = Model {
        rows: vec![(AT, "a"), (AT, "b")],
        poison: None,
    };
    let mut some = step(&[
        (AT, "a"),
        (AT, "x"),
        (AT + 1, "y"),
        (AT + 2, "z"),
        (AT, "v"),
        (AT, "w"),
    ]);
    compare(&mut some, &model, 200).await.unwrap();
    let left: Vec<_> = some.items.iter().map(|item| item.company_id.as_str()).collect();
    assert_eq!(left, ["x", "y", "z", "v", "w"]);
    assert_eq!(some.damaged.len(), 1);
    assert!(some.damaged[0].reason.contains("customer a, who exists"));
    // The parameter is ignored: most are among both.
    let mut many = step(&[(AT, "a"), (AT, "b"), (AT, "x"), (AT + 1, "y")]);
    assert!(compare(&mut many, &model, 200).await.is_err());
    let mut strict = step(&[(AT, "a"), (AT, "x"), (AT + 1, "y"), (AT + 2, "z")]);
    assert!(compare_strictly(&mut strict, &model, 200).await.is_err());
}

#[tokio::test]
async fn whom_a_page_that_cannot_be_read_may_show_is_not_known_to_be_absent() {
    let model = Model {
        rows: vec![(AT, "poison"), (AT, "b"), (AT + 60, "c")],
        poison: Some(AT),
    };
    let existing = Existing::around(&model, &[AT, AT + 60], 200).await.unwrap();
    assert_eq!(existing.presence("x", AT), Presence::Unknown);
    assert_eq!(existing.presence("x", 0), Presence::Unknown);
    assert_eq!(existing.presence("x", AT + 60), Presence::Absent);
    assert_eq!(existing.presence("c", AT + 60), Presence::Listed);
}

/// Customers of one second; totals are right.
struct Holes {
    rows: usize,
    /// Each border between two pages of this size hides a few, pass after pass.
    size: u32,
    /// No page shows this one.
    never: Option<usize>,
}

impl Pages for Holes {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let window = Window {
            start: request.start,
            end: request.end.unwrap_or(i64::MAX),
        };
        let rows = if window.contains(AT) { self.rows } else { 0 };
        let count = request.count as usize;
        let hides = self.size == request.count;
        let first = (request.page as usize - 1) * count;
        let shown = first + if hides && first > 0 { 5 } else { 0 };
        let items = (shown..rows.min(first + count)).filter(|nth| Some(*nth) != self.never);
        let items = items.map(|nth| ListItem {
            company_id: nth.to_string(),
            update_time: AT,
        });
        Ok(Page {
            items: items.collect(),
            total: Some(rows as u64),
            ..Page::default()
        })
    }
}

#[tokio::test]
async fn whom_the_borders_of_pages_hide_is_seen_on_pages_of_another_size_or_not_known_to_be_absent() {
    let some = Holes {
        rows: 500,
        size: 200,
        never: None,
    };
    let existing = Existing::around(&some, &[AT], 200).await.unwrap();
    let is_listed = |id: usize| existing.presence(&id.to_string(), AT) == Presence::Listed;
    assert!((0..500).all(is_listed), "all are seen");
    let others = Holes {
        never: Some(250),
        ..some
    };
    let existing = Existing::around(&others, &[AT], 200).await.unwrap();
    assert_eq!(existing.presence("250", AT), Presence::Unknown);
}

#[tokio::test]
async fn an_answer_that_shows_nobody_proves_nothing() {
    let far = Model {
        rows: vec![(AT + 5 * 86_400, "a")],
        poison: None,
    };
    let existing = Existing::for_removal(&far, "x", &together(&[AT]), 200)
        .await
        .unwrap();
    assert_eq!(existing.presence("x", AT), Presence::Absent);
    let nobody = Model {
        rows: Vec::new(),
        poison: None,
    };
    let existing = Existing::for_removal(&nobody, "x", &together(&[AT]), 200)
        .await
        .unwrap();
    assert_eq!(existing.presence("x", AT), Presence::Unknown);
}
