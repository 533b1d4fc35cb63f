//! `books`: prints where every listed customer is, and fails when one is nowhere.

use crate::{
    accounting::{Balance, BalanceCheck, check},
    config::CommonConfig,
    service::Runtime,
    table,
};

mod config;

pub use config::BooksArgs;

/// Prints the balance.
///
/// # Errors
/// When Redis cannot be asked, or the account is off.
pub async fn run(service: &'static str, args: BooksArgs) -> anyhow::Result<()> {
    let runtime = Runtime::tool(service, &CommonConfig::try_from(args.common)?)?;
    let now = jiff::Timestamp::now().as_millisecond();
    let check = check(
        &runtime.account,
        &runtime.broker,
        args.run.as_deref(),
        args.patience,
        now,
    )
    .await?;
    let text = if args.json {
        serde_json::to_string_pretty(&check)? + "\n"
    } else {
        text(&check, args.run.is_some(), now)
    };
    crate::say_text!("{text}")?;
    words::ensure!(
        check.difference == 0,
        "the account is off by {}",
        check.difference
    );
    Ok(())
}

fn text(check: &BalanceCheck, one_run: bool, now_ms: i64) -> String {
    let mut text = String::new();
    for balance in &check.runs {
        text += &lines(balance, now_ms);
    }
    if !one_run {
        text += &lines(&check.total, now_ms);
    }
    let mut rest = table::plain();
    match &check.queues {
        Some(queues) => {
            for (queue, depth) in queues.iter().filter(|(_, depth)| **depth > 0) {
                rest.add_row([words::text!("queue"), &words::of(queue, depth)]);
            }
        }
        None => {
            rest.add_row([
                words::text!("queues"),
                words::text!("not compared, the broker does not answer"),
            ]);
        }
    }
    for difference in &check.differences {
        rest.add_row([words::text!("DIFFERENCE"), difference]);
    }
    for (run, company_id) in &check.missing {
        rest.add_row([words::text!("missing"), &words::tr!("{company_id} of {run}")]);
    }
    text += &table::text(rest, &[1, 0]);
    if check.differences.is_empty() {
        text += words::text!("the account balances\n");
    }
    text
}

fn lines(balance: &Balance, now_ms: i64) -> String {
    let parts: Vec<_> = balance
        .parts()
        .iter()
        .map(|(name, count)| format!("{count} {}", words::said(name)))
        .collect();
    let mut text = words::tr!(
        "{}: {} listed = {}\n",
        words::said(&balance.run),
        balance.listed,
        parts.join(" + ")
    );
    let rows = [
        (balance.filtered_kept, "kept"),
        (balance.filtered_removed, "removed"),
        (balance.filtered_marked, "marked"),
    ];
    let rows: Vec<_> = rows
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {}", words::said(what)))
        .collect();
    if !rows.is_empty() {
        text += &words::tr!("  rows of filtered customers: {}\n", words::list(&rows));
        if balance.filtered_unlisted > 0 {
            text += &words::tr!(
                "  {} of them found in no listing by comparisons\n",
                balance.filtered_unlisted
            );
        }
    }
    if balance.duplicates > 0 {
        text += &words::tr!("  {} second copies were recognised\n", balance.duplicates);
    }
    if let Some(oldest) = balance.oldest_ms {
        text += &words::tr!("  oldest in flight: {} s\n", (now_ms - oldest).max(0) / 1000);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_parts_add_up() {
        let total = Balance {
            run: "total".into(),
            listed: 3,
            loaded: 2,
            in_flight: 1,
            oldest_ms: Some(0),
            ..Balance::default()
        };
        let text = text(
            &BalanceCheck {
                total,
                ..BalanceCheck::default()
            },
            false,
            7_000,
        );
        let expected = "total: 3 listed = 2 loaded + 0 unchanged + 0 skipped + 0 filtered + 0 superseded + 0 discarded + 0 dead + 1 in flight\n  oldest in flight: 7 s\n";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("the account balances\n"), "{text}");
    }
}
