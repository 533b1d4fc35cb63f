//! The evaluator beside a real MariaDB: the same generated expressions over the same values, result by result.
//!
//! The server is a private one in a temporary folder, reached through a socket. Where there is none, the test says
//! so and passes; continuous integration installs one (Debian: `mariadb-server`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::let_underscore_must_use,
    missing_docs,
    reason = "a test that cannot go on says why by failing"
)]

mod columns;
mod differences;
mod generate;
mod server;

use generate::{Case, Generator};
use jiff::Timestamp;
use mapping::{Context, Evaluation, Expression, Record};
use server::{Answer, Server};

/// Each begins another series of cases.
const SEEDS: [u64; 4] = [20_260_315, 1, 2, 3];
/// Cases of a series, all of which must agree.
const CASES: usize = 12_000;
/// Cases per run of the client.
const BATCH: usize = 2_000;

/// The clock of both sides: 2026-03-15 00:30:00 at +08:00.
const NOW: i64 = 1_773_505_800;

fn ours(case: &Case) -> Answer {
    let expression = match Expression::compile(&format!("_function {}", case.expression)) {
        Ok(expression) => expression,
        Err(faults) => panic!("{} does not compile: {faults:?}", case.expression),
    };
    let record = Record::new(case.record.clone());
    let context = Context::at(Timestamp::from_second(NOW).unwrap_or_default());
    let evaluation = Evaluation::new(&record, &context);
    match expression.evaluate(&evaluation) {
        Ok(value) => Answer::Value(value.into_text().into_owned()),
        Err(_) => Answer::Error,
    }
}

#[test]
fn the_evaluator_agrees_with_mariadb() {
    let Some(server) = Server::start(NOW) else { return };
    deliberate_differences_are_as_listed(&server);
    aggregates_of_texts_agree(&server);
    for seed in SEEDS {
        generated_expressions_agree(&server, seed);
    }
}

fn aggregates_of_texts_agree(server: &Server) {
    let cases = columns::cases();
    let answers = server.ask(cases.iter().map(|case| case.sql.as_str()));
    for (case, theirs) in cases.iter().zip(answers) {
        assert_eq!(ours(case), theirs, "{} over {:?}", case.expression, case.record);
    }
}

fn generated_expressions_agree(server: &Server, seed: u64) {
    let mut generator = Generator::new(seed);
    let (mut agreed, mut differ, mut errors) = (0, Vec::new(), 0);
    for _ in 0..CASES / BATCH {
        let cases: Vec<Case> = (0..BATCH).map(|_| generator.case()).collect();
        let answers = server.ask(cases.iter().map(|case| case.sql.as_str()));
        assert_eq!(answers.len(), cases.len());
        for (case, theirs) in cases.iter().zip(answers) {
            let found = ours(case);
            errors += usize::from(theirs == Answer::Error);
            match found == theirs {
                true => agreed += 1,
                false => differ.push(format!(
                    "{}\n  values {:?}\n  sql    {}\n  ours   {found:?}\n  server {theirs:?}",
                    case.expression, case.record, case.sql
                )),
            }
        }
    }
    println!("{agreed} of {CASES} generated cases agree (seed {seed}), {errors} of them as errors of both");
    let shown = differ.iter().take(25).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        differ.is_empty(),
        "{} cases differ, the first are\n{shown}",
        differ.len()
    );
    assert!(agreed >= 10_000);
    assert!(
        errors * 10 < CASES,
        "too many cases are errors on both sides to prove anything"
    );
}

fn deliberate_differences_are_as_listed(server: &Server) {
    for difference in differences::DIFFERENCES {
        // One by one: some of them are no SQL at all.
        let theirs = server.ask(std::iter::once(difference.sql)).remove(0);
        let record = serde_json::from_str(difference.record).unwrap_or_default();
        let case = Case {
            expression: difference.expression.to_owned(),
            sql: difference.sql.to_owned(),
            record,
        };
        assert_eq!(
            ours(&case),
            Answer::of(difference.ours),
            "{}: ours",
            difference.name
        );
        assert_eq!(
            theirs,
            Answer::of(difference.server),
            "{}: the server's",
            difference.name
        );
        assert_ne!(
            difference.ours, difference.server,
            "{} is no difference",
            difference.name
        );
    }
}
