//! How a window is cut, without a vendor.

use super::*;
use crate::okki::time::OLDEST;

#[test]
fn slices_join_without_gap_and_overlap_only_in_padding() {
    let window = Window {
        start: Some(1_000_000),
        end: 1_000_999,
    };
    let mut cutter = Cutter::new(window, None);
    assert_eq!(cutter.slice().unwrap().asked(), (Some(1_000_000), 1_000_999));
    assert!(cutter.narrow(Some(500), 70) && cutter.narrow(Some(250), 70) && cutter.narrow(Some(125), 70));
    let first = cutter.slice().unwrap();
    assert_eq!(first.asked(), (Some(1_000_000), 1_000_125));
    assert_eq!(first.window().end, 1_000_124);
    cutter.advance(70, 70);
    let second = cutter.slice().unwrap();
    assert_eq!(second.asked().0, Some(1_000_124));
    assert_eq!(second.window().start, Some(1_000_125));
    while cutter.slice().is_some() {
        cutter.advance(0, 70);
    }
    assert_eq!(cutter.cursor(), Some(1_001_000));
}

#[test]
fn a_full_load_begins_without_bound_and_one_second_cannot_be_cut() {
    let mut cutter = Cutter::new(
        Window {
            start: None,
            end: OLDEST + 10,
        },
        None,
    );
    assert_eq!(cutter.slice().unwrap().asked(), (None, OLDEST + 10));
    while cutter.narrow(Some(1_000_000), 70) {}
    assert_eq!(cutter.slice().unwrap().asked(), (None, OLDEST + 1));
    cutter.step_over();
    assert_eq!(cutter.slice().unwrap().asked(), (Some(OLDEST), OLDEST + 2));
}

#[test]
fn days_begin_at_midnight_in_beijing() {
    let start = crate::okki::time::parse("2026-01-01 05:00:00").unwrap();
    let mut cutter = Cutter::new(
        Window {
            start: Some(start),
            end: start + 10 * DAY,
        },
        None,
    );
    cutter.use_days();
    while cutter.narrow(Some(1_000_000), 70) {}
    assert_eq!(
        cutter.slice().unwrap().window().end,
        crate::okki::time::parse("2026-01-01 23:59:59").unwrap()
    );
}

#[test]
fn an_empty_window_has_no_slice() {
    assert_eq!(
        Cutter::new(
            Window {
                start: Some(20),
                end: 10
            },
            None
        )
        .slice(),
        None
    );
}
