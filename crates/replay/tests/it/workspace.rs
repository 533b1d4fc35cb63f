//! The filter grammar, groups, and that several operators who browse at once change nothing (I8).

use crate::letters::{ids, references, workspace};
use clap::Parser;
use kit::workbench::{Workbench, reference};
use pipeline::{failure::Failure, message::Outgoing, stage::Stage};
use replay::{
    browse::{filter::Filter, groups::Groups},
    cli::FilterArgs,
};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    filter: FilterArgs,
}

fn filter(flags: &str) -> Filter {
    Line::parse_from(std::iter::once("dead").chain(flags.split_whitespace()))
        .filter
        .try_into()
        .unwrap()
}

async fn matching(bench: &Workbench, flags: &str) -> Vec<String> {
    let filter = filter(flags);
    let mut browser = workspace(bench, Stage::Extract).browse("test").await.unwrap();
    let mut found = Vec::new();
    while let Some(taken) = browser.next().await.unwrap() {
        if filter.matches(&taken.letter) {
            found.push(taken.letter.record.company_id);
        }
    }
    browser.close().await.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn one_grammar_finds_letters_by_everything_that_is_known_of_them() {
    let bench = Workbench::new().await;
    references(&bench, 100..104, |id| Failure {
        field: Some("name".into()),
        ..Failure::new(
            if id == 100 { "row-refused" } else { "mapping-error" },
            format!("row {id} of 9"),
        )
    })
    .await;
    let group = {
        let mut groups = Groups::default();
        let mut browser = workspace(&bench, Stage::Extract).browse("test").await.unwrap();
        while let Some(taken) = browser.next().await.unwrap() {
            groups.add(&taken.letter);
        }
        browser.close().await.unwrap();
        let groups = groups.into_sorted();
        assert_eq!(groups.iter().map(|group| group.count).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(
            (groups[0].first_key.as_str(), groups[0].last_key.as_str()),
            ("101", "103")
        );
        groups[0].group.clone()
    };
    let last = ids(&bench, Stage::Extract).await.pop().unwrap();
    let digits = last.rsplit_once('~').unwrap().1.to_owned();
    let version = env!("CARGO_PKG_VERSION");
    for (flags, expected) in [
        ("--code row-refused", &["100"][..]),
        (&format!("--group {group}"), &["101", "102", "103"]),
        ("--key 102", &["102"]),
        (&format!("--id {digits}"), &["103"]),
        (
            "--since 2023-11-14 --until 2023-11-15",
            &["100", "101", "102", "103"],
        ),
        ("--since 1h", &[]),
        ("--attempts 2..", &[]),
        ("--attempts 1 --key 100", &["100"]),
        (&format!("--version {version} --key 101"), &["101"]),
        ("--version 9.9.9", &[]),
        ("--text ROW --code row-refused", &["100"]),
        ("--text 103", &["103"]),
        ("--key 100,103 --key 101", &["100", "101", "103"]),
        ("--where (key=100,103)and(code!=row-refused)", &["103"]),
        ("--where not(key=100) --code row-refused", &[]),
    ] {
        assert_eq!(matching(&bench, flags).await, expected, "{flags}");
    }
    assert!(Line::try_parse_from(["dead", "--since", "yesterday"]).is_err());
    assert!(Line::try_parse_from(["dead", "--limit", "0"]).is_err());
    let misspelt = Line::try_parse_from(["dead", "--where", "codee=x"]);
    let misspelt = misspelt.err().expect("a problem");
    assert!(
        misspelt.to_string().contains("did you mean `code`?"),
        "{misspelt}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_who_browse_at_the_same_time_see_everything_and_reorder_nothing() {
    let bench = Workbench::new().await;
    references(&bench, 0..2_300, |_| Failure::new("broken", "for good")).await;
    let before = ids(&bench, Stage::Extract).await;
    let operators: Vec<_> = (0..5)
        .map(|operator| {
            let workspace = workspace(&bench, Stage::Extract);
            tokio::spawn(async move {
                for _ in 0..3 {
                    let mut browser = workspace.browse("test").await.unwrap();
                    let mut seen = 0;
                    // Some see everything, some leave early.
                    while seen < 2_300 / (1 + operator % 3) && browser.next().await.unwrap().is_some() {
                        seen += 1;
                    }
                    browser.close().await.unwrap();
                    assert_eq!(seen, 2_300 / (1 + operator % 3));
                }
            })
        })
        .collect();
    for operator in operators {
        operator.await.unwrap();
    }
    assert!(ids(&bench, Stage::Extract).await == before, "the order changed");
    bench.until_depth(&bench.dead(), 2_300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_copy_of_a_letter_is_seen_by_nobody_and_gone_after_a_look() {
    let bench = Workbench::new().await;
    for _ in 0..2 {
        let letters = (0..5)
            .map(|id| Outgoing::to(Stage::Extract, &reference(id)))
            .collect();
        bench
            .rt
            .publisher
            .publish_to(&bench.dead(), letters)
            .await
            .unwrap();
    }
    bench.until_depth(&bench.dead(), 10).await;
    assert_eq!(matching(&bench, "--limit 9").await, ["0", "1", "2", "3", "4"]);
    bench.until_depth(&bench.dead(), 5).await;
    assert_eq!(matching(&bench, "--limit 9").await, ["0", "1", "2", "3", "4"]);
    let mut connection = bench.rt.store.connection().await.unwrap();
    let counted: u64 = redis::cmd("HGET")
        .arg(bench.rt.namespace.doubles_key())
        .arg("extract")
        .query_async(&mut *connection)
        .await
        .unwrap();
    assert_eq!(counted, 5);
}
