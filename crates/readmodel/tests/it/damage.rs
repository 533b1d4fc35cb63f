//! A file that is none of this version, damaged, or another process's.

use crate::letters::{Facts, found, message, model};
use pipeline::stage::Stage;
use readmodel::{Model, Walked, error::Error};
use replay::query::Query;
use std::os::unix::fs::PermissionsExt;

fn filled() -> (tempfile::TempDir, Model) {
    let (folder, model) = model();
    let died = vec![message(1, vec![Facts::new(1).died()])];
    model.write(|writer| writer.apply(died)).unwrap();
    (folder, model)
}

fn is_empty(folder: &tempfile::TempDir) -> bool {
    let model = Model::open(folder.path(), "t").unwrap();
    let place = model.write(|writer| Ok(writer.last())).unwrap();
    place.is_none() && found(&model, Stage::Load, &Query::Everything).is_empty()
}

#[test]
fn a_file_that_nobody_can_read_is_made_anew() {
    let (folder, model) = filled();
    let path = model.path().to_owned();
    drop(model);
    assert!(!is_empty(&folder), "it was kept");
    std::fs::write(&path, vec![7; 20_000]).unwrap();
    assert!(is_empty(&folder));
}

#[test]
fn a_file_of_another_version_is_made_anew() {
    let (folder, model) = filled();
    let path = model.path().to_owned();
    drop(model);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 9_999).unwrap();
    drop(connection);
    assert!(is_empty(&folder));
}

#[test]
fn a_file_that_is_deleted_is_made_anew() {
    let (folder, model) = filled();
    std::fs::remove_file(model.path()).unwrap();
    drop(model);
    assert!(is_empty(&folder));
}

#[test]
fn a_model_that_begins_anew_serves_at_once() {
    let (_folder, model) = filled();
    assert_eq!(found(&model, Stage::Load, &Query::Everything).len(), 1);
    model.begin_anew().unwrap();
    assert!(found(&model, Stage::Load, &Query::Everything).is_empty());
    let died = vec![message(1, vec![Facts::new(2).died()])];
    model.write(|writer| writer.apply(died)).unwrap();
    assert_eq!(found(&model, Stage::Load, &Query::Everything).len(), 1);
}

/// What it has seen are places of a file that is no more.
#[test]
fn a_walk_that_began_in_another_file_takes_nothing_away() {
    let (_folder, model) = filled();
    let mut walk = model.write(|writer| Walked::begin(writer, Stage::Load)).unwrap();
    model.begin_anew().unwrap();
    let died = vec![message(1, vec![Facts::new(2).died()])];
    model.write(|writer| writer.apply(died)).unwrap();
    let letter = Facts::new(3).letter();
    let taken = model.write(|writer| walk.take(writer, std::slice::from_ref(&letter)));
    let ended = model.write(|writer| walk.end(writer, 1));
    assert!(matches!((taken, ended), (Err(Error::Anew), Err(Error::Anew))));
    assert_eq!(
        found(&model, Stage::Load, &Query::Everything),
        [Facts::new(2).id()]
    );
}

#[test]
fn one_process_keeps_a_file_and_no_other_user_reads_it() {
    let (folder, model) = filled();
    let refused = Model::open(folder.path(), "t").err().unwrap().to_string();
    assert!(refused.contains("another process keeps"), "{refused}");
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
    }
    drop(model);
}
