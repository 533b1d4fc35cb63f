//! The read model and the walk give the same answers: one suite over both.

use crate::letters::{Facts, found, model, walked};
use pipeline::stage::Stage;
use proptest::prelude::*;
use readmodel::{Model, read::groups::groups};
use replay::{
    browse::Groups,
    letter::Letter,
    query::{Condition, Number, Query, Relation, Word},
};

fn read(text: &str) -> Query {
    text.parse().unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

/// What a walk over the queue would answer, and what the read model does.
fn check(model: &Model, letters: &[Letter], query: &Query) {
    let chosen: Vec<&Letter> = letters.iter().filter(|letter| query.matches(letter)).collect();
    let ids: Vec<String> = chosen.iter().map(|letter| letter.record.id.clone()).collect();
    assert_eq!(found(model, Stage::Load, query), ids, "letters of {query:?}");
    let mut expected = Groups::default();
    for letter in chosen {
        expected.add(letter);
    }
    let answered = model
        .read(|connection| groups(connection, Stage::Load, query))
        .unwrap();
    assert_eq!(answered, expected.into_sorted(), "groups of {query:?}");
}

fn various() -> Vec<Facts> {
    let mut all: Vec<Facts> = (1..60).map(Facts::new).collect();
    for (at, facts) in all.iter_mut().enumerate() {
        match at % 10 {
            1 => facts.code = "invalid-value".into(),
            2 => facts.field = None,
            3 => facts.vendor = None,
            4 => (facts.plan, facts.replays) = (Some("p-1".into()), 2),
            5 => facts.life = Some("d-20260101".into()),
            6 => facts.attempts = 4,
            7 => facts.cell = "Zürich Straße GmbH, 北京".into(),
            8 => facts.message = format!("row {at} refused: ABC"),
            0 if at > 30 => facts.cell = "raw Garbage text4 上海".into(),
            9 => facts.company = "56657420945678".into(),
            _ => {}
        }
    }
    all
}

const QUERIES: &[&str] = &[
    "code=row-refused",
    "code!=row-refused",
    "code=other,invalid-value",
    "code=nothing-of-this-kind",
    "code!=nothing-of-this-kind",
    "code~REFUSED",
    "not code~refused",
    "code=row-refused and key=8",
    "code=invalid-value or key=7",
    "key=7 or key=7 and code=invalid-value",
    "not (key=7 and code=row-refused)",
    "not not key=7",
    "key!=56657420945678",
    "key=56657420945678,7",
    "key~5667,574",
    "field=客户名称",
    "field=客户名称 and plan=nothing-of-this-kind",
    "vendor-code=4007 and time>=2026-01-02T03:00:00.020Z and plan~nothing-of-this-kind",
    "field!=客户名称",
    "field~名称",
    "not field~名",
    "vendor-code=4007",
    "vendor-code!=4007",
    "vendor-code~0",
    "stage=load",
    "stage=extract",
    "plan=p-1",
    "plan!=p-1",
    "outcome=new",
    "outcome=failed-again,restored",
    "restored-by=d-20260101",
    "restored-by~2026",
    "version=0.2.0",
    "version=7:12",
    "version~7:1",
    "attempts=4",
    "attempts=1..3",
    "attempts>1",
    "attempts=9,1",
    "replays=0",
    "replays>0 and plan=p-1",
    "text~\"too LONG\"",
    "text=refused",
    "text!=refused",
    "text=上海",
    "text~北",
    "text~\"ZÜRICH straße\"",
    "text~_widget_1",
    "text~z",
    "text=garbage",
    "text~text4 and not key=8",
    "not text=ext4",
    "text~zq",
    "text=上海 and code=row-refused and not key=8",
    "text=上海 or code=invalid-value",
    "time>=2026-01-02T03:00:00.020Z",
    "time<2026-01-02T03:00:00.020Z and code!=invalid-value",
    "age>2h",
    "age<2h",
    "id=0000000000000007",
    "id=FormRecord:7:7:7",
    "id=FormRecord:7:7:7~0000000000000007,000000000000000c",
    "id!=0000000000000007",
    "id~formrecord:1",
    "group=00000000",
    "group!=00000000",
];

#[test]
fn the_table_of_queries_has_the_same_answers() {
    let letters: Vec<Letter> = various().iter().map(Facts::letter).collect();
    let (_folder, model) = model();
    walked(&model, &letters);
    check(&model, &letters, &Query::Everything);
    for text in QUERIES {
        check(&model, &letters, &read(text));
    }
}

#[test]
fn letters_of_events_answer_as_those_of_the_queue_but_for_their_bodies() {
    let facts = various();
    let letters: Vec<Letter> = facts
        .iter()
        .filter(|facts| facts.life.is_none())
        .map(Facts::letter)
        .collect();
    let (_folder, model) = model();
    let died = facts
        .iter()
        .filter(|facts| facts.life.is_none())
        .map(Facts::died)
        .collect();
    model
        .write(|writer| writer.apply(vec![crate::letters::message(1, died)]))
        .unwrap();
    for text in QUERIES
        .iter()
        .filter(|text| !text.contains("text") && !text.contains("restored"))
    {
        check(&model, &letters, &read(text));
    }
    check(&model, &letters, &read("text~\"too LONG\""));
}

#[test]
fn letters_that_went_are_in_no_answer() {
    let letters: Vec<Letter> = various().iter().map(Facts::letter).collect();
    let (_folder, model) = model();
    walked(&model, &letters);
    let half: Vec<Letter> = letters.into_iter().step_by(2).collect();
    let walk = walked(&model, &half);
    assert_eq!((walk.added, walk.gone), (0, 29));
    check(&model, &half, &Query::Everything);
    for text in QUERIES {
        check(&model, &half, &read(text));
    }
}

#[test]
fn a_query_as_long_as_may_be_is_read() {
    let letters: Vec<Letter> = various().iter().map(Facts::letter).collect();
    let (_folder, model) = model();
    walked(&model, &letters);
    let many: Vec<String> = (0..1_500).map(|key| format!("key={key}")).collect();
    let query = Query::try_from(many.join(" or ")).unwrap();
    check(&model, &letters, &query);
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let word = || {
        prop::sample::select(vec![
            "a", "B", "ab", "客户", "客", "p-1", "d-1", "7", "row 7", "Aé客b", "%", "_", "'",
        ])
    };
    let maybe = move || prop::option::of(word().prop_map(str::to_owned));
    let words = (word(), word(), word(), word());
    (
        words,
        maybe(),
        maybe(),
        maybe(),
        maybe(),
        1_usize..4,
        0_u32..3,
        0_i64..50,
    )
        .prop_map(
            |((code, company, message, cell), field, vendor, plan, life, attempts, replays, died)| Facts {
                number: 0,
                code: code.into(),
                company: company.into(),
                message: message.into(),
                field,
                vendor,
                plan,
                life,
                attempts,
                replays,
                died,
                cell: cell.into(),
            },
        )
}

fn any_query() -> impl Strategy<Value = Query> {
    let words = prop::sample::select(vec![
        Word::Id,
        Word::Code,
        Word::VendorCode,
        Word::Field,
        Word::Group,
        Word::Stage,
        Word::Key,
        Word::Plan,
        Word::Outcome,
        Word::Version,
        Word::RestoredBy,
        Word::Text,
    ]);
    let relations = prop::sample::select(vec![Relation::Equals, Relation::Contains]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "", "a", "AB", "客", "客户", "7", "row", "p-1", "d-1", "new", "restored", "load", "0.2.0", "7:3",
            "%", "_", "'"
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
    ];
    let leaf = prop_oneof![
        4 => (words, relations, prop::collection::vec(value, 1..3))
            .prop_map(|(word, relation, values)| Query::Is(Condition::Word(word, relation, values))),
        1 => (prop::sample::select(vec![Number::Attempts, Number::Replays]), prop::sample::select(vec!["0..1", "2..", "..2", "1"]))
            .prop_map(|(number, range)| Query::Is(Condition::Number(number, vec![range.parse().unwrap()]))),
        1 => (0_i64..50).prop_map(|time| Query::Is(Condition::Since(time))),
        1 => (0_i64..50).prop_map(|time| Query::Is(Condition::Until(time))),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Query::And),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Query::Or),
            inner.prop_map(|query| Query::Not(Box::new(query))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_query_over_any_letters_has_the_same_answers(
        facts in prop::collection::vec(any_facts(), 1..30),
        queries in prop::collection::vec(any_query(), 8),
        gone in prop::collection::vec(any::<bool>(), 30),
    ) {
        let number = |(number, facts): (usize, Facts)| Facts { number: number as u64, ..facts };
        let letters: Vec<Letter> = facts.into_iter().enumerate().map(number).map(|facts| facts.letter()).collect();
        let (_folder, model) = model();
        walked(&model, &letters);
        let left: Vec<Letter> = letters.into_iter().zip(gone).filter(|(_, gone)| !gone).map(|(letter, _)| letter).collect();
        walked(&model, &left);
        for query in &queries {
            check(&model, &left, query);
        }
    }
}
