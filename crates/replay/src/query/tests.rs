//! What a query chooses, how it is written again, and what is said about one that is none.

use super::*;
use crate::letter::Letter;
use bytes::Bytes;
use pipeline::{
    failure::{
        VendorAnswer,
        record::{Attempt, FailureRecord},
    },
    message::{Death, Envelope},
    stage::Stage,
};
use proptest::prelude::*;

fn letter(change: impl FnOnce(&mut FailureRecord)) -> Letter {
    let mut letter = Letter::read(
        Stage::Load,
        "t.load",
        Envelope::default(),
        &Death::default(),
        Bytes::new(),
    );
    let record = &mut letter.record;
    record.code = "row-refused".into();
    record.company_id = "7".into();
    record.field = Some("客户名称".into());
    record.message = "The Name is too long".into();
    record.vendor = Some(VendorAnswer {
        code: "4007".into(),
        message: "no".into(),
    });
    record.attempts = vec![
        Attempt {
            at: 0,
            code: "x".into(),
            message: String::new(),
            action: String::new(),
        };
        4
    ];
    record.last_failed_at = 1_767_322_800_000;
    record.program_version = "0.2.0".into();
    record.last_replay = Some("p-1".into());
    change(record);
    letter
}

fn read(text: &str) -> Query {
    text.parse().unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

#[test]
fn conditions_are_joined_as_everywhere() {
    let letter = letter(|_| {});
    for (text, expected) in [
        ("code=row-refused", true),
        ("code=other,row-refused", true),
        ("code = other , row-refused", true),
        ("code!=other", true),
        ("code!=other,row-refused", false),
        ("CODE=row-refused AND Key=7", true),
        ("code=row-refused and key=8", false),
        ("code=other or key=7", true),
        // `and` binds stronger than `or`, `not` strongest.
        ("key=7 or key=7 and code=other", true),
        ("(key=7 or key=7) and code=other", false),
        ("not key=8 and code=row-refused", true),
        ("not (key=7 and code=row-refused)", false),
        ("not not key=7", true),
        ("not(key=8)", true),
        ("field=客户名称", true),
        ("field=\"客户名称\"", true),
        ("field~名称", true),
        ("field~税号", false),
        ("code~REFUSED", true),
        ("vendor-code=4007", true),
        ("vendor-code!=4007", false),
        ("stage=load", true),
        ("plan=p-1", true),
        ("outcome=new", true),
        ("outcome=failed-again,restored", false),
        ("version=0.2.0", true),
        ("attempts=4", true),
        ("attempts=1..3", false),
        ("attempts=1,4..", true),
        ("attempts>=4 and attempts<5 and attempts<=4 and attempts>3", true),
        ("replays=0", true),
        ("replays>0", false),
        ("text~\"too LONG\"", true),
        ("text=short", false),
        ("text!=short", true),
        ("time>=2026-01-02T03:00:00Z", true),
        ("time>2026-01-02T03:00:00Z", false),
        ("time<2026-01-02T03:00:00Z", false),
        ("time<=2026-01-02T03:00:00Z", true),
        ("age>2h", true),
        ("age<2h", false),
        ("time<2h", true),
        ("restored-by=d-1", false),
    ] {
        let query = read(text);
        assert_eq!(query.matches(&letter), expected, "{text}");
        let again = read(&query.source());
        assert_eq!(again, query, "{text}: {}", query.source());
    }
    assert!(Query::Everything.matches(&letter));
}

#[test]
fn a_letter_without_the_fact_is_not_one_with_it() {
    let letter = letter(|record| {
        record.field = None;
        record.vendor = None;
        record.replays = 2;
    });
    assert!(!read("field~名").matches(&letter));
    assert!(read("not field~名 and vendor-code!=4007").matches(&letter));
    assert!(read("outcome=failed-again and replays=2").matches(&letter));
}

#[test]
fn what_is_no_query_is_named_with_its_place() {
    for (text, column, expected) in [
        ("", 1, "a condition such as code=row-refused is expected"),
        ("codee=x", 1, "`codee` is no name; did you mean `code`?"),
        ("vendor_code=x", 1, "did you mean `vendor-code`?"),
        ("key=1 and 客户=2", 11, "`客户` is no name"),
        ("field=客户名称 key=7", 12, "`and`, `or` or the end is expected"),
        ("(key=7", 7, "`and`, `or` or `)`"),
        ("key=7)", 6, "the end"),
        ("key", 4, "a comparison"),
        ("key=", 5, "a value is expected"),
        ("key=7,", 7, "a value is expected"),
        ("key>7", 4, "`key` is compared by =, != or ~"),
        ("time=2026-01-02", 5, "`time` is compared by <, <=, > or >="),
        ("time<yesterday", 6, "`yesterday` is no time"),
        ("age>2026-01-02", 5, "is no age; write 30m, 2h or 7d"),
        ("age>1h,2h", 8, "one value, not several"),
        ("attempts=many", 10, "`many` is no range"),
        ("attempts<0", 10, "nothing is below 0"),
        ("attempts~3", 9, "`attempts` is compared by"),
        ("outcome=new,gone", 13, "`gone` is no outcome; outcomes are new"),
        ("text~\"open", 6, "a closing quote"),
        ("key=7 and", 10, "a condition"),
        ("key=7 or or key=8", 10, "`or` is no name"),
    ] {
        let problem = text.parse::<Query>().unwrap_err();
        assert!(problem.to_string().contains(expected), "{text}: {problem}");
        assert_eq!(problem.column, column, "{text}: {problem}");
    }
}

#[test]
fn bounds_end_what_nobody_writes() {
    let deep = format!("{}key=7{}", "(".repeat(500), ")".repeat(500));
    let nots = format!("{}key=7", "not ".repeat(900));
    let long = format!("key={}", "7".repeat(5_000));
    for text in [deep, nots, long] {
        let problem = text.parse::<Query>().unwrap_err().to_string();
        assert!(problem.contains("at most"), "{problem}");
    }
}

#[test]
fn what_is_kept_may_be_longer_than_what_is_written() {
    let query = read(&vec!["age>2h"; 390].join(" or "));
    assert!(query.source().len() > 4_000);
    let kept = serde_json::to_string(&query).unwrap();
    assert_eq!(serde_json::from_str::<Query>(&kept).unwrap(), query);
}

#[test]
fn what_a_customer_may_have_said_is_masked_on_the_screen_only() {
    let query = read("text~\"call 13812345678\" and field=\"a, b\"");
    let shown = query.to_string();
    assert!(
        !shown.contains("13812345678") && shown.contains("field=\"a, b\""),
        "{shown}"
    );
    assert!(query.source().contains("13812345678"));
    assert_eq!(Query::Everything.to_string(), "every letter");
}

fn any_query() -> impl Strategy<Value = Query> {
    let words = prop::sample::select(vec![Word::Code, Word::Field, Word::Key, Word::Plan]);
    let relations = prop::sample::select(vec![Relation::Equals, Relation::Contains]);
    let values = prop::collection::vec("\\PC{0,12}", 1..4);
    let leaf = prop_oneof![
        (words, relations, values)
            .prop_map(|(word, relation, values)| Query::Is(Condition::Word(word, relation, values))),
        (0_u64..9).prop_map(|least| Query::Is(Condition::Number(
            Number::Replays,
            vec![crate::when::Range::from(least)]
        ))),
        (0_i64..4_000_000_000_000).prop_map(|time| Query::Is(Condition::Until(time))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Query::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Query::Or),
            inner.prop_map(|query| Query::Not(Box::new(query))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same(query in any_query()) {
        let text = query.source();
        prop_assume!(text.chars().count() < 4_000);
        prop_assert_eq!(text.parse::<Query>(), Ok(query), "{}", text);
    }

    #[test]
    fn any_text_is_a_query_or_a_problem_within_it(text in "\\PC{0,60}") {
        if let Err(problem) = text.parse::<Query>() {
            prop_assert!(problem.column <= text.chars().count() + 1);
        }
    }
}
