//! Each event once, whatever is read twice; offset and rows together.

use crate::letters::{Facts, found, message, message_of, model, walked};
use pipeline::{
    events::{Event, EventStage, Stored, What},
    stage::Stage,
};
use readmodel::{
    Model,
    read::{customers, known, sums},
};
use replay::query::Query;

fn apply(model: &Model, messages: Vec<Stored>) -> (u64, u64) {
    let applied = model.write(|writer| writer.apply(messages)).unwrap();
    (applied.events, applied.repeats)
}

fn event(id: u64, company: &str, what: What) -> Event {
    Event {
        id,
        company_id: company.into(),
        what: what.into(),
        run_id: "run-1".into(),
        attempt: 1,
        ..Event::default()
    }
}

fn total(model: &Model) -> i64 {
    let minutes = model
        .read(|connection| sums::minutes(connection, 0, 1_000))
        .unwrap();
    minutes.iter().map(|minute| minute.count.events).sum()
}

#[test]
fn an_event_counts_once_whatever_is_read_again() {
    let (folder, model) = model();
    let all = |behind: u64| {
        vec![
            message_of(
                behind + 1,
                EventStage::Extract,
                vec![event(1, "7", What::Fetched)],
            ),
            message(
                behind + 3,
                vec![event(2, "7", What::Created), event(3, "8", What::Created)],
            ),
            // Handled again after a crash: the first one knows more.
            message(behind + 4, vec![event(2, "7", What::Written)]),
        ]
    };
    assert_eq!(apply(&model, all(0)), (3, 1));
    assert_eq!(apply(&model, all(0)), (0, 0), "the place is known");
    assert_eq!(total(&model), 3);
    // The same under new places, as of a stream that somebody copied.
    assert_eq!(apply(&model, all(10)), (0, 4));
    let runs = model.read(|connection| sums::runs(connection, 9)).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].counts.iter().map(|count| count.events).sum::<i64>(), 3);
    let events = model
        .read(|connection| customers::events(connection, "7"))
        .unwrap();
    let whats: Vec<What> = events.iter().map(|events| events.events[0].what()).collect();
    assert_eq!(whats, [What::Fetched, What::Created]);
    drop(model);
    // Another process goes on where this one stopped.
    let model = Model::open(folder.path(), "t").unwrap();
    let last = model.write(|writer| Ok(writer.last())).unwrap().unwrap();
    assert_eq!(last.offset, 14);
    assert!(model.write(|writer| Ok(writer.is_last(&all(10)[2]))).unwrap());
    assert!(
        !model
            .write(|writer| Ok(writer.is_last(&message(14, vec![event(5, "7", What::Written)]))))
            .unwrap()
    );
}

#[test]
fn letters_come_and_go_with_what_is_done_to_them() {
    let (_folder, model) = model();
    let (one, two) = (Facts::new(1), Facts::new(2));
    apply(&model, vec![message(1, vec![one.died(), two.died()])]);
    assert_eq!(
        found(&model, Stage::Load, &Query::Everything),
        [one.id(), two.id()]
    );
    apply(&model, vec![message(2, vec![one.moved(What::PutBack, "p-1")])]);
    assert_eq!(found(&model, Stage::Load, &Query::Everything), [two.id()]);
    apply(&model, vec![message(3, vec![two.moved(What::Discarded, "d-1")])]);
    assert!(found(&model, Stage::Load, &Query::Everything).is_empty());
    // An undo brings it back as another life, of which only a walk knows the record.
    apply(&model, vec![message(4, vec![two.moved(What::Restored, "u-1")])]);
    assert_eq!(
        found(&model, Stage::Load, &"restored-by=u-1".parse().unwrap()),
        [two.id()]
    );
    let extent = || {
        model
            .read(|connection| known::known(connection, Stage::Load))
            .unwrap()
    };
    assert!(!extent().answers(&Query::Everything));
    let again = Facts {
        life: Some("u-1".into()),
        ..two.clone()
    };
    assert_eq!(walked(&model, &[again.letter()]).gone, 0);
    assert!(extent().answers(&"text=上海".parse().unwrap()));
    assert_eq!(
        found(&model, Stage::Load, &"text=上海".parse().unwrap()),
        [two.id()]
    );
}

#[test]
fn a_walk_leaves_alone_what_comes_while_it_goes_on() {
    let (_folder, model) = model();
    let letters: Vec<Facts> = (1..5).map(Facts::new).collect();
    apply(
        &model,
        vec![message(1, letters[..2].iter().map(Facts::died).collect())],
    );
    model
        .write(|writer| {
            let mut walk = readmodel::Walked::begin(writer, Stage::Load)?;
            walk.take(writer, &[letters[1].letter(), letters[2].letter()])?;
            // Died after the queue was opened, or its event comes late.
            writer.apply(vec![message(2, vec![letters[3].died(), letters[2].died()])])?;
            walk.end(writer, 1)?;
            assert_eq!((walk.added, walk.gone), (1, 1));
            Ok(())
        })
        .unwrap();
    let expected: Vec<String> = letters[1..].iter().map(Facts::id).collect();
    assert_eq!(found(&model, Stage::Load, &Query::Everything), expected);
}

#[test]
fn each_letter_of_a_plan_has_its_outcome() {
    let (_folder, model) = model();
    let letters: Vec<Facts> = (1..4).map(Facts::new).collect();
    let put_back = letters
        .iter()
        .map(|letter| letter.moved(What::PutBack, "p-1"))
        .collect();
    apply(&model, vec![message(1, put_back)]);
    let settled = |id, letter: &Facts, what| Event {
        letter_id: format!("{:016x}", letter.number),
        plan_id: "p-1".into(),
        ..event(id, &letter.company, what)
    };
    let again = Facts {
        number: 9,
        plan: Some("p-1".into()),
        company: "2".into(),
        ..letters[1].clone()
    };
    apply(
        &model,
        vec![message(
            2,
            vec![settled(1, &letters[0], What::Updated), again.died()],
        )],
    );
    let moves = model.read(|connection| sums::moves(connection, 9)).unwrap();
    assert_eq!(moves.len(), 1);
    let moved = model
        .read(|connection| sums::moved(connection, "p-1", "", 9))
        .unwrap()
        .unwrap();
    let said: Vec<_> = moved
        .iter()
        .map(|moved| {
            (
                moved.way.as_str(),
                moved.what.as_str(),
                moved.reason.as_str(),
                moved.again.as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("put back", "updated", "", ""),
            ("put back", "died", "row-refused", "0000000000000009"),
            ("put back", "put back", "", ""),
        ]
    );
}

#[test]
fn a_change_that_fails_leaves_nothing() {
    let (_folder, model) = model();
    apply(&model, vec![message(1, vec![event(1, "7", What::Created)])]);
    let other = rusqlite::Connection::open(model.path()).unwrap();
    // At the end of a long transaction the file refuses, as a full disk does.
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON minute BEGIN SELECT raise(ABORT, 'full'); END";
    other.execute_batch(trigger).unwrap();
    let many = (2..5_000)
        .map(|id| event(id, &id.to_string(), What::Created))
        .collect();
    assert!(
        model
            .write(|writer| writer.apply(vec![message(2, many)]))
            .is_err()
    );
    other.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(total(&model), 1);
    assert_eq!(
        model.write(|writer| Ok(writer.last())).unwrap().unwrap().offset,
        1
    );
    let many = (2..5_000)
        .map(|id| event(id, &id.to_string(), What::Created))
        .collect();
    assert_eq!(apply(&model, vec![message(2, many)]), (4_998, 0));
    assert_eq!(total(&model), 4_999);
}

#[test]
fn what_is_too_old_goes() {
    let (_folder, model) = model();
    apply(&model, vec![message(1, vec![event(1, "7", What::Created)])]);
    let day = 24 * 60 * 60 * 1_000;
    let at = 1_767_322_800_000;
    let prune = |days: i64| while model.write(|writer| writer.prune(at + days * day)).unwrap() {};
    prune(29);
    let steps = || {
        model
            .read(|connection| customers::events(connection, "7"))
            .unwrap()
            .len()
    };
    assert_eq!((steps(), total(&model)), (1, 1));
    prune(31);
    assert_eq!((steps(), total(&model)), (0, 1));
    prune(92);
    assert_eq!(total(&model), 0);
    assert!(
        model
            .read(|connection| sums::runs(connection, 9))
            .unwrap()
            .is_empty()
    );
}
