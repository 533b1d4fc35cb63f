//! Looking: the filter grammar, groups, and that several people who look at once change nothing (I8).

use crate::morgue::{ids, references, workspace};
use clap::Parser;
use kit::workbench::Workbench;
use pipeline::{failure::Failure, stage::Stage};
use replay::{filter::Filter, groups::Groups};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    filter: Filter,
}

fn filter(flags: &str) -> Filter {
    Line::parse_from(std::iter::once("dead").chain(flags.split_whitespace())).filter
}

async fn matching(bench: &Workbench, flags: &str) -> Vec<String> {
    let filter = filter(flags);
    let mut look = workspace(bench, Stage::Extract).look("test").await.unwrap();
    let mut found = Vec::new();
    while let Some(held) = look.next().await.unwrap() {
        if filter.matches(&held.letter) {
            found.push(held.letter.record.company_id);
        }
    }
    look.close().await.unwrap();
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
        let mut look = workspace(&bench, Stage::Extract).look("test").await.unwrap();
        while let Some(held) = look.next().await.unwrap() {
            groups.add(&held.letter.record);
        }
        look.close().await.unwrap();
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
    ] {
        assert_eq!(matching(&bench, flags).await, expected, "{flags}");
    }
    assert!(Line::try_parse_from(["dead", "--since", "yesterday"]).is_err());
    assert!(Line::try_parse_from(["dead", "--limit", "0"]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_look_at_the_same_time_see_everything_and_reorder_nothing() {
    let bench = Workbench::new().await;
    references(&bench, 0..2_300, |_| Failure::new("broken", "for good")).await;
    let before = ids(&bench, Stage::Extract).await;
    let lookers: Vec<_> = (0..5)
        .map(|looker| {
            let workspace = workspace(&bench, Stage::Extract);
            tokio::spawn(async move {
                for _ in 0..3 {
                    let mut look = workspace.look("test").await.unwrap();
                    let mut seen = 0;
                    // Some look at everything, some leave early.
                    while seen < 2_300 / (1 + looker % 3) && look.next().await.unwrap().is_some() {
                        seen += 1;
                    }
                    look.close().await.unwrap();
                    assert_eq!(seen, 2_300 / (1 + looker % 3));
                }
            })
        })
        .collect();
    for looker in lookers {
        looker.await.unwrap();
    }
    assert!(ids(&bench, Stage::Extract).await == before, "the order changed");
    bench.until_depth(&bench.dead(), 2_300).await;
}
