//! The judge against rows put into the form by hand.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::*;
use crate::simulator::jdy::FormSpec;
use crate::simulator::settings::Settings;
use crate::simulator::world::World;

fn state_with(form: FormSpec) -> Arc<State> {
    State::new(
        Settings::default(),
        World::new(1, 30, 1_700_000_000, 1000),
        vec![form],
    )
}

fn state() -> Arc<State> {
    state_with(FormSpec::customers())
}

fn put(state: &State, key: &str, cells: &Cells) {
    let mut row = Map::new();
    for (i, cell) in cells.iter().enumerate() {
        row.insert(cell_widget(i), json!({"value": cell}));
    }
    row.insert(KEY_WIDGET.into(), json!({"value": key}));
    super::super::control::insert_row(state, 0, &Value::Object(row)).unwrap();
}

/// Fills the form with the truth about all customers but those listed.
fn fill(state: &State, without: &[u32]) {
    for index in (0..30).filter(|index| !without.contains(index)) {
        let cells = lock(&state.world).cells(index);
        put(state, &company_id(index).to_string(), &cells);
    }
}

fn judged(state: &State) -> Judgement {
    judge(state, &JudgeOptions::default()).unwrap()
}

#[test]
fn a_true_form_is_equal() {
    let state = state();
    fill(&state, &[]);
    let report = judged(&state);
    assert!(report.is_equal(), "{report:?}");
    assert_eq!((report.source_customers, report.form_rows), (30, 30));
}

#[test]
fn missing_and_doubled_customers_are_found() {
    let state = state();
    fill(&state, &[4, 5]);
    let cells = lock(&state.world).cells(6);
    put(&state, &company_id(6).to_string(), &cells);
    let report = judged(&state);
    assert_eq!((report.missing, report.duplicates, report.wrong_cells), (2, 1, 0));
    assert_eq!(report.examples.missing[0].company_id, Some(company_id(4)));
    assert_eq!(report.examples.duplicates[0].company_id, Some(company_id(6)));
}

#[test]
fn an_earlier_revision_is_stale_and_anything_else_is_wrong() {
    let state = state();
    fill(&state, &[]);
    {
        let mut world = lock(&state.world);
        world.change(1, None, 1_700_000_100).unwrap();
        world
            .change(1, Some(json!({"pool_name": "new pool"})), 1_700_000_200)
            .unwrap();
        world.touch(2, 1_700_000_200).unwrap();
    }
    let report = judged(&state);
    assert_eq!((report.stale, report.wrong_cells), (1, 0), "{report:?}");
    assert!(report.examples.stale[0].detail.contains("revision 0"));

    let state = self::state();
    fill(&state, &[3]);
    let mut cells = lock(&state.world).cells(3);
    cells[1] = "never shown".into();
    cells[7] = "9星".into();
    put(&state, &company_id(3).to_string(), &cells);
    let report = judged(&state);
    assert_eq!((report.stale, report.wrong_cells), (0, 2));
    assert!(report.examples.wrong_cells[0].detail.starts_with("简称"));
}

#[test]
fn blank_extra_and_foreign_rows_are_told_apart() {
    let state = state();
    fill(&state, &[8]);
    put(&state, &company_id(8).to_string(), &Cells::default());
    put(&state, "", &Cells::default());
    put(&state, "12345", &lock(&state.world).cells(9));
    lock(&state.world).remove(7, 1_700_000_300).unwrap();
    let report = judged(&state);
    assert_eq!(
        (report.blank, report.foreign, report.extra, report.missing),
        (2, 1, 1, 0)
    );
    assert_eq!(report.source_customers, 29);
}

#[test]
fn without_a_key_widget_names_tie_rows_also_former_ones() {
    let state = state_with(FormSpec::customers().without_key());
    fill(&state, &[0]);
    lock(&state.world)
        .change(2, Some(json!({"name": "renamed №2"})), 1_700_000_100)
        .unwrap();
    let report = judged(&state);
    assert_eq!(
        (report.missing, report.stale, report.foreign),
        (1, 1, 0),
        "{report:?}"
    );
    assert_eq!(report.examples.stale[0].company_id, Some(company_id(2)));
}

#[test]
fn a_widget_of_another_type_is_compared_by_what_it_shows() {
    let number = crate::simulator::jdy::WidgetSpec::new(&cell_widget(7), "客户星级", "number");
    let state = state_with(FormSpec::customers().with(number));
    fill(&state, &[]);
    // `3星` is no number, so the server dropped it
    assert_eq!(judged(&state).wrong_cells, 30);
}

#[test]
fn unknown_forms_and_widgets_are_named() {
    let state = state();
    let form = JudgeOptions {
        form: Some("nope".into()),
        ..Default::default()
    };
    assert!(judge(&state, &form).unwrap_err().contains("nope"));
    let tie = JudgeOptions {
        tie: Tie::Widget("_widget_no".into()),
        ..Default::default()
    };
    assert!(judge(&state, &tie).unwrap_err().contains("_widget_no"));
}
